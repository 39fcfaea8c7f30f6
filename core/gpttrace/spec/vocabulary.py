"""The words of questions that are not names of events: what they ask for, and which carry no meaning.

Words stand here as stems (`words.stem`), so that `opened`, `opens` and `opening` are one. A word in none of these lists, in no
name of the catalogue and in no slot was not understood; the reader of the question is told so.
"""

from __future__ import annotations

from gpttrace.spec.words import stems

# Politeness, articles, what-is-it words: nothing changes when they are left out.
EMPTY = stems(
    """
    a an the of to in on at by for from with and as is are was were be been being do does did done doing has have had
    i me my we us our you your it its this that these those there here their they them he she
    what which whom whose how where please pls plz can could would will should may might let lets like want need wants needs
    show display give get tell find out see look view report output provide generate create make produce build compose
    display measure monitor observe check inspect analyse analyze capture collect gather track watch record examine
    investigate determine identify discover figure learn know understand explain summarise summarize use using used run running
    program script bpftrace ebpf bpf one liner oneliner tool command tracer tracing trace gpttrace probe
    system linux machine host server box computer currently current now right live real time moment happen happening
    going go all any every each some various respective just only also too then again currently
    made make makes perform performed done issue issued occur occurring happen happened result resulting cause causing caused
    generate generated invoke invoked respectively across whole entire overall system wide systemwide
    information info detail details data table breakdown broken down group grouped grouping sort sorted ordered order
    new hello hi hey ok thanks thank think somehow actually really quickly simple easy nice good handy
    by per via s t ve re d level there's im i'm i'd name named called one ones thing things stuff something
    take taken takes taking trigger triggered triggering incur incurs suffer suffers hit hits hitting experience encounter seen
    come comes came belong belongs own owned owns descending desc together please kindly me mine myself us curious
    interested interesting exactly simply quick handle handled handling given gave give gives goes went keep keeps
    responsible behind involved access accessed accesses doing happens into onto out off moment now today
    able usage touch touched touching report reports reported reporting summary overview
    anything anyone anybody everything everyone everybody someone somebody plot draw chart keyed return returned returning
    along alongside inside mostly usually per-second
    wise based according against versus activity event events behaviour behavior being much more many lot lots
    am im ive id youre theyre thats whats wheres weve whether why because since though although however
    suspect suspected guess believe hope hoping trying wondering wonder asked asking ask tell told explain explained
    could've should've must ought shall might maybe perhaps possibly possible probably likely apparently
    kindly very quite rather fairly pretty extremely especially particularly specifically simply basically essentially
    particular specific certain given relevant actual real true
    kind kinds sort sorts type manner way ways form forms fashion case cases situation
    already still yet ever never always sometimes constantly continuously repeatedly regularly recently
    able unable worth useful helpful handy important interesting
    contain contains containing include includes including included consist hold holds holding present presented presenting
    appear appears appearing arrive get gets getting become becomes
    while throughout within among amongst between beside besides beyond near
    following follow follows further additional additionally another else same such
    full complete completely total overall entire wholly
    break breaks breaking down split splits splitting separate separated separately individually classified classify
    per-process per-cpu per-thread
    figure out answer answers question questions issue issues problem problems reason reasons
    everyone's everybody's someone's
    feature features item items entry entries line lines row rows column columns value values field fields result results
    shown showing seeing looking wanting needing having being getting
    say said says saying mean means meaning meant call-out
    back away around about approximately roughly exactly precisely accurate accurately
    start starting started begin beginning
    both either neither each every all none
    output outputs outputting printed printing prints displaying displayed listing lists listed
    count-wise time-wise respective corresponding related associated concerning regarding
    collect collecting collected sampling sampled sample samples gathering recording recorded monitoring monitored
    long-running short-lived heavy heavily busy
    sum-up tot up
    do's don'ts hmm um uh well so anyway btw fyi asap pleas plz
    morning afternoon evening day
    much-needed team boss colleague customer compare compares comparing comparison invocation invocations invoke use uses
    through via towards upon before once till until enter enters entered reach reaches pass passes passed request requests
    requested move moves moved submit submits spawn spawns spawning raise raised cross crossed update updates updated creation
    execution executions execute aggregate aggregated single end ends ended ending stay stays send sender senders work item items
    grow grows caused blame complain complains somebody's outcome outcomes other others further card cards
    grateful appreciate appreciated operations operation point points message messages tiny huge
    old ish fetched kind detect when
    i e eg ie etc respectively kernel-side woken awake friends
    consume consumes consumed last lasts lasting refreshed refresh updated far wich which's
    usage ranked rank ranking frequent first quarter
    responsible hitting getting under-way underway
    time-stamped timestamped timestamp
    obtain obtains obtained lead leads led put putting transfer transfers transferred eat eats eaten eating chew chews chewing
    hog hogs hogging hammer hammers hammering pound pounding burn burns burning spend waste wastes wasting sit sits sitting stand
    stands standing pop pops popping pour pours fly talk talks talking speak chat churn churns grow grew pile piles rise rises drive
    drives driving push pushes pushing grab grabs grabbing bring brings bringing brought pull pulls pulling keep keeps
    gulp gulps bother bothers insist insists bite bites beat beats bounce bouncing flood floods flooding swamp
    fire fires firing blow blows blowing kick kicks throw throws threw thrown walk walks walking hop hops hopping slip slips jump
    jumps turn turns turning pester pesters fiddle fiddling poke pokes snoop snoops snooping spy spying peek peeks sneak sneaks
    feed feeds feeding sip sips fetch-and-carry howl howling nap naps
    doze dozes fight fights fighting compete competes struggle struggles suffer strike strikes struck shoot shoots attack attacks
    arrange itself themselves himself herself oneself altogether afterwards meanwhile nonstop steadily incessantly
    frantically crazily badly terribly awfully weirdly oddly strangely
    odd weird strange suspicious unusual unexpected crazy insane wild mad silly ugly bad good better best worse terrible awful
    annoying noisy mysterious excessive enormous massive constant sudden guilty nasty evil innocent lonely poor lazy greedy hungry
    tight loop hot hotly nervous evenly spread late later soon awhile while
    trouble troubles nightmare storm storms hiccup hiccups hunt spike spikes picture pictures idea ideas clue clues
    sense insight rundown story culprit bottleneck bottlenecks hotspot hotspots contributor contributors eye eyes crap
    shoulder curiosity suspicion complaint complaints incident outage alert alerts ticket audit review lecture homework
    exam course lesson help helps catch catches spot spots notify notifies enumerate enumerates count-up
    okay alright sorry hopefully frankly honestly basically literally somewhere anywhere everywhere whenever wherever whoever
    whatever whichever however cause loudly noisily mostly mainly chiefly primarily hardest harder
    vanish available possible whether argument arguments payload payloads invocation
    uprobe uretprobe kprobe kretprobe fentry fexit tracepoint tracepoints hits per-comm tested altered renew dump dumped
    teh hte adn taht pls plz thx beeing whos hows
    elapse elapses passes by-and-large quantity amount-of family families piece pieces chunk chunks bit bits
    if apart fresh anew reprinted setup kilobytes megabytes gigabytes terabytes disappear disappears appearance people guys folks lookout hear hears heard
    exist exists existing appear appears entry entries
    """
)

# What form the answer takes.
COUNT = stems(
    "count counts counted counting number numbers tally frequency frequently often times occurrences occurrence total"
)
COUNT_PHRASES = ("how many", "how often", "number of", "most often", "most frequently")
HIST = stems(
    "distribution distributions distributed histogram histograms hist spread spectrum dist heatmap bucket buckets "
    "percentile percentiles median p50 p90 p99"
)
WEAK_EVENTS = stems("trace tracing list log print individual")
SUMS = stems("sum total totals volume amount")
SUM_PHRASES = ("how much", "add up", "added up", "adds up", "sum up", "summed up", "in total")
AVERAGE = stems("average avg mean")
MAXIMUM = stems("maximum max longest largest biggest slowest worst highest")
MINIMUM = stems("minimum min shortest smallest fastest lowest")
MOST = stems("most busiest heaviest hottest noisiest commonest hungriest greediest chattiest")
RATE = stems("rate rates persecond throughput bandwidth iops")
STATS = stems("statistics stats")
RATIO = stems("ratio ratios percentage percentages percent share shares fraction proportion proportions")
DISTINCT = stems("distinct different unique")
LINEAR = stems("linear linearly lhist")
JOINING = stems("and or versus vs against plus also compared along") | {"&", "+"}

# What is measured, by unit, and the form that the word suggests.
BYTES = {
    **dict.fromkeys(stems("byte bytes data volume traffic throughput bandwidth"), "sum"),
    **dict.fromkeys(stems("size sizes length large big small"), "hist"),
}
TIMES = dict.fromkeys(
    stems(
        "latency latencies duration delay delays slow slowness response long sluggish lag lags laggy crawl crawls dawdle dawdles linger lingers ages forever delta deltas"
    ),
    "hist",
) | dict.fromkeys(stems("spent"), "sum")

# What rows are grouped by.
KEYS: dict[str, str] = {
    **dict.fromkeys(
        stems(
            """
            process processes program programs programme programmes comm command commands application applications app apps
            executable executables binary task tasks proc procs who culprit culprits offender
            offenders daemon daemons workload workloads tool job jobs agent agents
            """
        ),
        "comm",
    ),
    **dict.fromkeys(stems("pid pids"), "pid"),
    **dict.fromkeys(stems("thread threads tid tids"), "tid"),
    **dict.fromkeys(stems("user users uid uids"), "uid"),
    **dict.fromkeys(stems("cpu cpus core cores processor processors"), "cpu"),
    **dict.fromkeys(stems("cgroup cgroups container containers pod pods"), "cgroup"),
}
COMM_WORDS = frozenset(stem for stem, key in KEYS.items() if key == "comm")

ABOVE = stems(
    "longer slower over above exceeding larger bigger greater more least exceed exceeds higher beyond"
)
BELOW = stems("shorter faster under below smaller less fewer most lower within")

FAILED = stems(
    "failed failing fail fails failure failures unsuccessful unsuccessfully error errors errored erroring denied denies refused "
    "rejected rejects"
)
SUCCEEDED = stems("successful successfully succeeded succeed succeeds")
ATTEMPTS = stems("attempt attempts attempted tried try tries trying")

_FOREIGN = (
    "der die das und nicht wie viele dateien welche prozess zeige le les des est sont quels fichiers ouverts par el los las "
    "que cuantos archivos abiertos por proceso muestra quali sono aperti dal quantos arquivos welk bestanden geopend"
)
FOREIGN = frozenset(_FOREIGN.split())

# Words that only the slots know, and words that nothing here can answer; none of them is a process name or a typing error.
OTHER = stems(
    """
    second seconds minute minutes hour hours millisecond milliseconds microsecond microseconds nanosecond ms us ns sec secs min
    hz hertz top first limit than least most only during next last past over within interval intervals errno code stack stacks
    level space mode callstack backtrace kilobyte megabyte gigabyte kb mb gb kib mib gib hundred thousand million one two three
    four five six seven eight nine ten twenty thirty forty fifty sixty ninety half id ids number every each and or not without
    except excluding v2 root under below inside between before after while until when if unless linear container pod service
    namespace docker connection socket port host address disk device file url query request function library module type
    argument arguments timestamp timestamps date day inode fd descriptor descriptors parent child children session tty memory
    stdin stdout stderr hit hits write sched other others
    """
)

# Words that the slots read: none of them says which event is meant.
SLOTS = (
    COUNT
    | HIST
    | WEAK_EVENTS
    | SUMS
    | AVERAGE
    | MAXIMUM
    | MINIMUM
    | MOST
    | STATS
    | RATIO
    | DISTINCT
    | LINEAR
    | JOINING
)
SLOTS |= FAILED | SUCCEEDED | ATTEMPTS | frozenset(BYTES) | frozenset(TIMES)
NO_EVENT = EMPTY | SLOTS | frozenset(KEYS)
