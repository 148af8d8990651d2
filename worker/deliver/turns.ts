/**
 * Which of the begun deliveries goes next. Live mail first, then the backlog; and of the backlog, mail for the
 * same address one after the other, in the order of acceptance: what was held must not arrive shuffled. Mail
 * for different addresses goes at the same time. Pure.
 *
 * An earlier one that was put off gives the turn to the next: order is a courtesy, arriving is the promise.
 * The order is this process's: with several workers, or for mail that was put off, it can't be promised.
 */
export type Turn = { backlog: boolean; recipients: readonly { address: string }[] }

/**
 * @param ready in the order of acceptance
 * @param busy addresses of the backlog that are being delivered to
 * @returns an index into `ready`; -1 when all have to wait
 */
export function nextTurn(ready: readonly Turn[], busy: ReadonlySet<string>): number {
  const live = ready.findIndex(one => !one.backlog)
  if (live >= 0) return live
  const taken = new Set(busy)
  for (const [index, { recipients }] of ready.entries()) {
    if (recipients.every(({ address }) => !taken.has(address))) return index
    for (const { address } of recipients) taken.add(address)
  }
  return -1
}
