/**
 * Wires laid around pages that show what strangers wrote: one trips when anything of it runs, the other when anything
 * is asked of anybody but ourselves, by request or by a mere look at the name service.
 *
 * Script of a case calls `hurt(number)`, which every frame of the context has, whatever its origin. What the page's
 * policy stopped is counted apart: it did no harm, but it got further than it should.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OUTSIDE } from '@restante/core/mail/xss/vector.ts'
import type { Browser, BrowserContext } from 'playwright-core'
import { openBrowser } from './browser.ts'

export type Wires = {
  /** What ran: the numbers of the cases, and dialogs and windows that opened. */
  ran: string[]
  /** What was asked of others: kind and address. Nothing of it was answered. */
  left: string[]
  /** Complaints of a content security policy. */
  stopped: string[]
}

/** @param ours the origin that may be asked */
export async function layWires(context: BrowserContext, ours: string): Promise<Wires> {
  const wires: Wires = { ran: [], left: [], stopped: [] }
  await context.exposeBinding('hurt', (_, id: unknown) => {
    wires.ran.push(String(id))
  })
  const isForeign = (url: URL) => /^(?:https?|wss?|ftp):$/.test(url.protocol) && url.origin !== ours
  await context.route(isForeign, route => route.abort())
  context.on('request', request => {
    if (isForeign(new URL(request.url()))) wires.left.push(`${request.resourceType()} ${request.url()}`)
  })
  context.on('dialog', dialog => {
    wires.ran.push(`${dialog.type()} ${dialog.message()}`)
    dialog.dismiss().catch(() => {})
  })
  context.on('page', page => {
    wires.ran.push(`a window of ${page.url()}`)
  })
  context.on('console', message => {
    if (/content security policy/i.test(message.text())) wires.stopped.push(message.text())
  })
  return wires
}

/** The numbers in what tripped a wire. */
export const numbersOf = (tripped: readonly string[]): Set<number> =>
  new Set(
    tripped.flatMap(one => {
      const number = /^(\d+)$/.exec(one)?.[1] ?? new RegExp(`//c(\\d+)\\.${OUTSIDE}`, 'i').exec(one)?.[1]
      return number === undefined ? [] : [Number(number)]
    }),
  )

export type WatchedBrowser = {
  browser: Browser
  /** Ends it, once. @returns the names below `out.test` that it looked up or wanted to connect to, whoever asked for it */
  close(): Promise<string[]>
}

/**
 * A browser that writes down what its network service does, also what no page's script can see and no route stops:
 * names that are looked up and servers that are spoken to beforehand.
 */
export async function openWatched(): Promise<WatchedBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'restante-net-'))
  const log = join(folder, 'net.json')
  const browser = await openBrowser([`--log-net-log=${log}`])
  let names: Promise<string[]> | undefined
  const close = async () => {
    await browser.close()
    const text = readFileSync(log, 'utf8')
    rmSync(folder, { recursive: true, force: true })
    const hosts = [...text.matchAll(/"host":"(?:\w+:\/\/)?([^":/]+)/g)].map(match => match[1]!)
    if (hosts.length === 0) throw new Error('Chromium wrote nothing of its network')
    return [...new Set(hosts)].filter(host => host.endsWith(OUTSIDE))
  }
  return { browser, close: () => (names ??= close()) }
}
