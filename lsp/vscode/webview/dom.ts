/** A small tree of elements, and how a page becomes it. Text only ever becomes text: nothing here reads HTML. */

export interface Tree {
  readonly tag: string;
  /** Names are ours, values may be anyone's. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (Tree | string)[];
  /** Which of its siblings this is, from one drawing to the next; what people opened stays open. */
  readonly key?: string | undefined;
  readonly on?: Readonly<Record<string, (event: Event) => void>> | undefined;
  /** Percent of the room there is, for bars: set by script, as the page's policy forbids style attributes. */
  readonly width?: number | undefined;
}

type Extras = Pick<Tree, "key" | "on" | "width">;
type Handlers = NonNullable<Tree["on"]>;

/** Make a tree. */
export function h(tag: string, attributes: Tree["attributes"], children: Tree["children"] = [], extras: Extras = {}): Tree {
  return { tag, attributes, children, ...extras };
}

const keys = new WeakMap<Element, string>();
const handlers = new WeakMap<Element, Handlers>();
const listened = new WeakMap<Element, Set<string>>();

/** Make the children of an element these; elements that stay are kept, with their focus and what is open in them. */
export function patch(parent: Element, wanted: readonly (Tree | string)[]): void {
  const keyed = new Map([...parent.children].flatMap((each) => (keys.has(each) ? [[keys.get(each), each] as const] : [])));
  wanted.forEach((tree, index) => {
    const here = parent.childNodes[index] ?? null;
    const node = typeof tree === "string" ? text(parent, here, tree) : element(parent, here, keyed, tree);
    if (node !== here) parent.insertBefore(node, here);
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild?.remove();
}

function text(parent: Element, here: ChildNode | null, value: string): ChildNode {
  if (here === null || here.nodeType !== 3) return parent.ownerDocument.createTextNode(value);
  if (here.nodeValue !== value) here.nodeValue = value;
  return here;
}

function element(parent: Element, here: ChildNode | null, keyed: Map<string | undefined, Element>, tree: Tree): Element {
  const kept = tree.key === undefined ? here : keyed.get(tree.key);
  const node = fits(kept, tree) ? kept : parent.ownerDocument.createElement(tree.tag);
  if (tree.key !== undefined) keys.set(node, tree.key);
  dress(node, tree);
  patch(node, tree.children);
  return node;
}

function fits(node: ChildNode | null | undefined, tree: Tree): node is Element {
  return node?.nodeType === 1 && (node as Element).localName === tree.tag && keys.get(node as Element) === tree.key;
}

function dress(node: Element, tree: Tree): void {
  for (const { name } of [...node.attributes]) {
    // Whether it is open is up to the person who reads.
    if (!(name in tree.attributes) && name !== "open" && name !== "style") node.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(tree.attributes)) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  if (tree.width !== undefined) (node as HTMLElement).style.width = `${tree.width}%`;
  if (tree.on !== undefined) handlers.set(node, tree.on);
  else handlers.delete(node);
  for (const type of Object.keys(tree.on ?? {})) listen(node, type);
}

function listen(node: Element, type: string): void {
  const types = listened.get(node) ?? new Set();
  listened.set(node, types);
  if (types.has(type)) return;
  types.add(type);
  node.addEventListener(type, (event) => handlers.get(node)?.[type]?.(event));
}
