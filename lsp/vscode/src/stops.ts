/** How often the server stopped of late: it is started again a few times, not for ever. */

const MOST = 4;
const WITHIN_MS = 3 * 60_000;

export class Stops {
  private times: number[] = [];

  /** Take a stop at a time (ms); true when that was one too many. */
  tooMany(now: number): boolean {
    this.times = [...this.times.filter((time) => now - time < WITHIN_MS), now];
    return this.times.length > MOST;
  }

  forget(): void {
    this.times = [];
  }
}
