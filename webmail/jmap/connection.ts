/**
 * JMAP over the browser's own session: the session object, requests, uploads and downloads.
 *
 * The addresses of the session object are taken as paths: the server writes its public address into them,
 * while somebody may have come by another name of the same machine.
 */
import { JmapClient } from './client.ts'
import type { Id, JmapSession, Upload } from './types.ts'

/** The session has ended: sign in again. */
export class SignedOut extends Error {
  override name = 'SignedOut'
}
/** The server answered, but could not do it. */
export class RequestFailed extends Error {
  override name = 'RequestFailed'
  readonly status: number
  constructor(status: number, detail: string) {
    super(detail || `HTTP ${status}`)
    this.status = status
  }
}

export type Connection = {
  session: JmapSession
  client: JmapClient
  eventSourceUrl: string
  /** Where a blob is downloaded from. */
  downloadUrl(accountId: Id, blobId: Id, name: string, type: string): string
  /** Sends a file; `onProgress` gets a share between 0 and 1. Aborting rejects with AbortError. */
  upload(accountId: Id, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<Upload>
}

/** Opens a connection for the person who is signed in. @throws SignedOut, RequestFailed, TypeError (network) */
export async function openConnection(): Promise<Connection> {
  const session: JmapSession = await json(await fetch('/.well-known/jmap', { headers: ACCEPT }))
  const apiUrl = asPath(session.apiUrl)
  const client = new JmapClient(async body =>
    json(
      await fetch(apiUrl, {
        method: 'POST',
        headers: { ...ACCEPT, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    ),
  )
  return {
    session,
    client,
    eventSourceUrl: fill(session.eventSourceUrl, { types: '*', closeafter: 'no', ping: '30' }),
    downloadUrl: (accountId, blobId, name, type) =>
      fill(session.downloadUrl, { accountId, blobId, name: nameInPath(name), type }),
    upload: (accountId, file, onProgress, signal) =>
      upload(fill(session.uploadUrl, { accountId }), file, onProgress, signal),
  }
}

const ACCEPT = { accept: 'application/json' }

async function json<T>(response: Response): Promise<T> {
  if (response.status === 401 || response.status === 403) throw new SignedOut()
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string }
    throw new RequestFailed(response.status, problem.detail ?? '')
  }
  return (await response.json()) as T
}

/** A URL without its origin; braces of a template stay as they are. */
export function asPath(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '')
}

/** A file's name as one step of a path: no separators, none that means a folder, whole characters (RFC 3986 §5.2.4). */
export function nameInPath(name: string): string {
  const fit = name.toWellFormed().replaceAll(/[/\\\p{Cc}]/gu, '_')
  return /^\.*$/.test(fit) ? 'attachment' : fit
}

/** Fills a URI template of level 1 (RFC 6570 §3.2.2). */
export function fill(template: string, values: Record<string, string>): string {
  return asPath(template).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
}

// XMLHttpRequest, as fetch can't tell how far an upload is.
function upload(
  url: string,
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.setRequestHeader('content-type', file.type || 'application/octet-stream')
    request.responseType = 'json'
    request.upload.onprogress = event => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    }
    request.onload = () => {
      if (request.status === 401) reject(new SignedOut())
      else if (request.status >= 200 && request.status < 300) resolve(request.response as Upload)
      else reject(new RequestFailed(request.status, request.response?.detail ?? ''))
    }
    request.onerror = () => reject(new TypeError('network'))
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file)
  })
}
