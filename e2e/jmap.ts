/**
 * A small JMAP client (RFC 8620, 8621) that signs in with an app password, as any other mail program would.
 * It takes what the session object says and nothing else.
 */

export type Session = {
  apiUrl: string
  uploadUrl: string
  downloadUrl: string
  eventSourceUrl: string
  username: string
  state: string
  accounts: Record<string, { name: string; isPersonal: boolean }>
  primaryAccounts: Record<string, string>
  capabilities: Record<string, Record<string, unknown>>
}
export type Call = [name: string, args: Record<string, unknown>, id: string]
/** An answer's arguments; a test that reads one names the shape it expects. */
export type Answer = Record<string, unknown>

/** RFC 8621 §4.1, as far as tests look. */
export type Email = {
  id: string
  blobId: string
  threadId: string
  mailboxIds: Record<string, boolean>
  keywords: Record<string, boolean>
  subject: string
  from: { name: string | null; email: string }[] | null
  to: { name: string | null; email: string }[] | null
  messageId: string[] | null
  inReplyTo: string[] | null
  receivedAt: string
  size: number
  preview: string
  hasAttachment: boolean
  attachments: { blobId: string; name: string | null; type: string; size: number; partId: string }[]
  textBody: { partId: string; blobId: string; type: string }[]
  htmlBody: { partId: string; blobId: string; type: string }[]
  bodyValues: Record<string, { value: string; isTruncated: boolean }>
  /** Ours: how its delivery stands. */
  'restante:delivery': string | null
}
export type SetAnswer = {
  oldState: string
  newState: string
  created: Record<string, { id: string } & Answer> | null
  updated: Record<string, Answer | null> | null
  destroyed: string[] | null
  notCreated: Record<string, { type: string } & Answer> | null
  notUpdated: Record<string, { type: string } & Answer> | null
  notDestroyed: Record<string, { type: string } & Answer> | null
}
export type Blob = { accountId: string; blobId: string; type: string; size: number }

export type EventMessage = { type: string; data: Answer }

export const USING = [
  'urn:ietf:params:jmap:core',
  'urn:ietf:params:jmap:mail',
  'urn:ietf:params:jmap:submission',
  'urn:restante:continuity',
]
const MAIL = 'urn:ietf:params:jmap:mail'

export class JmapClient {
  readonly base: string
  readonly #authorization: string
  session!: Session

  private constructor(base: string, address: string, password: string) {
    this.base = base
    this.#authorization = `Basic ${Buffer.from(`${address}:${password}`).toString('base64')}`
  }

  static async open(base: string, address: string, password: string): Promise<JmapClient> {
    const client = new JmapClient(base, address, password)
    const response = await client.fetch('/.well-known/jmap')
    if (response.status !== 200) throw new Error(`session: ${response.status} ${await response.text()}`)
    client.session = (await response.json()) as Session
    return client
  }

  get accountId(): string {
    return this.session.primaryAccounts[MAIL]!
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.base), {
      signal: AbortSignal.timeout(20_000),
      ...init,
      headers: { authorization: this.#authorization, ...init.headers },
    })
  }

  /** One request of several calls. @returns the method responses in order */
  async request(calls: Call[], using = USING): Promise<[string, Answer, string][]> {
    const response = await this.fetch(this.session.apiUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ using, methodCalls: calls }),
    })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`JMAP ${response.status}: ${text}`)
    return (JSON.parse(text) as { methodResponses: [string, Answer, string][] }).methodResponses
  }

  /** One call in this person's own account, which must not answer with a method error. */
  async call<T = Answer>(name: string, args: Record<string, unknown> = {}): Promise<T> {
    const [response] = await this.request([[name, { accountId: this.accountId, ...args }, '0']])
    const [answered, answer] = response!
    if (answered === 'error') throw new Error(`${name}: ${JSON.stringify(answer)}`)
    return answer as T
  }

  /** The id of the folder with this role. */
  async folder(role: string): Promise<string> {
    const { list } = await this.call<{ list: { id: string; role: string | null }[] }>('Mailbox/get', {
      ids: null,
    })
    const found = list.find(folder => folder.role === role)
    if (!found) throw new Error(`no folder with the role ${role}`)
    return found.id
  }

  /** Newest first. */
  async emails(filter: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Promise<Email[]> {
    const { ids } = await this.call<{ ids: string[] }>('Email/query', {
      filter: Object.keys(filter).length ? filter : null,
      sort: [{ property: 'receivedAt', isAscending: false }],
      limit: 500,
    })
    const { list } = await this.call<{ list: Email[] }>('Email/get', { ids, ...more })
    const byId = new Map(list.map(email => [email.id, email]))
    return ids.flatMap(id => byId.get(id) ?? [])
  }

  /** Moves one e-mail into the folder with this role. */
  async move(emailId: string, role: string): Promise<void> {
    const { updated, notUpdated } = await this.call<SetAnswer>('Email/set', {
      update: { [emailId]: { mailboxIds: { [await this.folder(role)]: true } } },
    })
    if (!updated || !(emailId in updated)) throw new Error(`not moved: ${JSON.stringify(notUpdated)}`)
  }

  /** Writes a plain message and sends it, as a mail program does: a draft, a submission, moved to Sent. */
  async send(mail: {
    to: string[]
    subject: string
    text: string
    inReplyTo?: string[]
    references?: string[]
    attachments?: { blobId: string; type: string; name: string }[]
  }): Promise<{ emailId: string; submissionId: string }> {
    const [drafts, sent] = [await this.folder('drafts'), await this.folder('sent')]
    const { list } = await this.call<{ list: { id: string; name: string; email: string }[] }>(
      'Identity/get',
      {
        ids: null,
      },
    )
    const identity = list[0]
    if (!identity) throw new Error('no identity')
    const responses = await this.request([
      [
        'Email/set',
        {
          accountId: this.accountId,
          create: {
            draft: {
              mailboxIds: { [drafts]: true },
              keywords: { $draft: true, $seen: true },
              from: [{ name: identity.name, email: identity.email }],
              to: mail.to.map(email => ({ name: null, email })),
              subject: mail.subject,
              ...(mail.inReplyTo && { inReplyTo: mail.inReplyTo }),
              ...(mail.references && { references: mail.references }),
              ...(mail.attachments && { attachments: mail.attachments }),
              textBody: [{ partId: 'text', type: 'text/plain' }],
              bodyValues: { text: { value: mail.text } },
            },
          },
        },
        'email',
      ],
      [
        'EmailSubmission/set',
        {
          accountId: this.accountId,
          create: { submission: { identityId: identity.id, emailId: '#draft' } },
          onSuccessUpdateEmail: {
            '#submission': {
              [`mailboxIds/${drafts}`]: null,
              [`mailboxIds/${sent}`]: true,
              'keywords/$draft': null,
            },
          },
        },
        'submission',
      ],
    ])
    const created = responses.flatMap(([, answer]) => Object.values((answer as SetAnswer).created ?? {}))
    if (created.length < 2) throw new Error(`not sent: ${JSON.stringify(responses)}`)
    return { emailId: created[0]!.id, submissionId: created[1]!.id }
  }

  async upload(content: Buffer | string, type: string): Promise<Blob> {
    const path = this.session.uploadUrl.replace('{accountId}', encodeURIComponent(this.accountId))
    const response = await this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof content === 'string' ? content : new Uint8Array(content),
    })
    if (!response.ok) throw new Error(`upload: ${response.status} ${await response.text()}`)
    return (await response.json()) as Blob
  }

  downloadUrl(blobId: string, name = 'file', type = 'application/octet-stream', accountId = this.accountId) {
    return this.session.downloadUrl
      .replace('{accountId}', encodeURIComponent(accountId))
      .replace('{blobId}', encodeURIComponent(blobId))
      .replace('{name}', encodeURIComponent(name))
      .replace('{type}', encodeURIComponent(type))
  }

  async download(blobId: string): Promise<Buffer> {
    const response = await this.fetch(this.downloadUrl(blobId))
    if (!response.ok) throw new Error(`download: ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }

  /** Listens for pushes (RFC 8620 §7.3) until closed. `events` fills as they come. */
  async listen(): Promise<{ events: EventMessage[]; close(): void }> {
    const stopper = new AbortController()
    const path = this.session.eventSourceUrl
      .replace('{types}', '*')
      .replace('{closeafter}', 'no')
      .replace('{ping}', '0')
    const response = await this.fetch(path, { signal: stopper.signal })
    if (!response.ok || !response.body) throw new Error(`eventsource: ${response.status}`)
    const events: EventMessage[] = []
    const body = response.body
    void (async () => {
      let text = ''
      const decoder = new TextDecoder()
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n')
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const lines = text.slice(0, end).split('\n')
          text = text.slice(end + 2)
          const field = (name: string) =>
            lines.flatMap(line => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : []))
          const data = field('data').join('\n')
          if (data) events.push({ type: field('event')[0] ?? 'message', data: JSON.parse(data) as Answer })
        }
      }
    })().catch(() => {})
    return { events, close: () => stopper.abort() }
  }
}
