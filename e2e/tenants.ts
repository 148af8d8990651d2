/**
 * The tables of the tenant matrix for pages and routes: how each file of webmail/app that takes an id or an address is
 * asked for what belongs to somebody else, and why the others need not be. A file that stands in none of them fails the
 * test: whoever adds one says how it is tried. JMAP's methods have a matrix of their own (core/jmap/tenants.test.ts).
 */

/** What somebody has, and what nobody has in its place. */
export type Ids = {
  account: string
  email: string
  blob: string
  statement: string
  backend: string
  incident: string
  delivery: string
  quarantined: string
  channel: string
  entry: string
  period: string
  thread: string
  mailbox: string
  person: string
  organization: string
  domain: string
  address: string
}

export type Try = {
  method: 'GET' | 'POST' | 'DELETE' | 'PATCH'
  path: (ids: Ids) => string
  body?: (ids: Ids) => unknown
}

const get = (path: Try['path']): Try => ({ method: 'GET', path })
const post = (path: Try['path'], body: NonNullable<Try['body']>): Try => ({ method: 'POST', path, body })
const remove = (path: Try['path']): Try => ({ method: 'DELETE', path, body: () => ({}) })
const change = (path: Try['path'], body: unknown): Try => ({ method: 'PATCH', path, body: () => body })

/** Of one person: for anybody else it is not there, whatever their role. */
export const MAIL: Record<string, Try[]> = {
  '(mail)/statements/[id]/page.tsx': [get(t => `/statements/${t.statement}`)],
  'jmap/download/[accountId]/[blobId]/[name]/route.ts': [
    get(t => `/jmap/download/${t.account}/${t.blob}/x.txt`),
    get(t => `/jmap/download/${t.account}/${t.blob}/x.txt?inline=1&type=text/plain`),
  ],
  'jmap/upload/[accountId]/route.ts': [
    post(
      t => `/jmap/upload/${t.account}`,
      () => 'x',
    ),
  ],
  'message/[accountId]/[emailId]/attachments/route.ts': [
    get(t => `/message/${t.account}/${t.email}/attachments`),
  ],
  'message/[accountId]/[emailId]/body/route.ts': [
    get(t => `/message/${t.account}/${t.email}/body`),
    get(t => `/message/${t.account}/${t.email}/body?info=1`),
    get(t => `/message/${t.account}/${t.email}/body?remote=1&measured=1`),
  ],
}

const api = '/api/v1'

/** Of one organization: for admins of others it is not there, and nothing of all this is for who is no admin. */
export const ADMIN: Record<string, Try[]> = {
  '(admin)/admin/incidents/[id]/page.tsx': [get(t => `/admin/incidents/${t.incident}`)],
  'api/v1/backends/[id]/route.ts': [get(t => `${api}/backends/${t.backend}`)],
  'api/v1/backends/[id]/override/route.ts': [
    post(
      t => `${api}/backends/${t.backend}/override`,
      () => ({ to: 'down' }),
    ),
  ],
  'api/v1/incidents/route.ts': [get(t => `${api}/incidents?backend=${t.backend}`)],
  'api/v1/incidents/[id]/route.ts': [get(t => `${api}/incidents/${t.incident}`)],
  'api/v1/deliveries/route.ts': [
    get(t => `${api}/deliveries?backend=${t.backend}`),
    get(t => `${api}/deliveries?destination=${t.domain}`),
    get(t => `${api}/deliveries?q=${t.address}`),
  ],
  'api/v1/deliveries/[id]/route.ts': [get(t => `${api}/deliveries/${t.delivery}`)],
  'api/v1/deliveries/actions/route.ts': [
    ...['hold', 'release', 'retry', 'cancel'].map(action =>
      post(
        () => `${api}/deliveries/actions`,
        t => ({ action, ids: [t.delivery] }),
      ),
    ),
    post(
      () => `${api}/deliveries/actions`,
      t => ({ action: 'cancel', filter: { backend: t.backend } }),
    ),
    post(
      () => `${api}/deliveries/actions`,
      t => ({ action: 'reroute', to: 'mx', ids: [t.delivery] }),
    ),
  ],
  'api/v1/quarantine/[id]/route.ts': [get(t => `${api}/quarantine/${t.quarantined}`)],
  'api/v1/quarantine/[id]/message/route.ts': [get(t => `${api}/quarantine/${t.quarantined}/message`)],
  'api/v1/quarantine/actions/route.ts': ['release', 'delete', 'allow'].map(action =>
    post(
      () => `${api}/quarantine/actions`,
      t => ({ action, ids: [t.quarantined] }),
    ),
  ),
  'api/v1/channels/[id]/route.ts': [remove(t => `${api}/channels/${t.channel}`)],
  'api/v1/channels/[id]/test/route.ts': [
    post(
      t => `${api}/channels/${t.channel}/test`,
      () => ({}),
    ),
  ],
  'api/v1/channels/route.ts': [
    post(
      () => `${api}/channels`,
      t => ({ kind: 'slack', address: 'https://hooks.example.org/x', organization: t.organization }),
    ),
  ],
  'api/v1/lists/route.ts': [
    get(t => `${api}/lists?mailbox=${t.mailbox}`),
    post(
      () => `${api}/lists`,
      t => ({ kind: 'block', value: 'x.example', mailboxId: t.mailbox }),
    ),
    post(
      () => `${api}/lists`,
      t => ({ kind: 'block', value: 'x.example', organizationId: t.organization }),
    ),
  ],
  'api/v1/lists/[id]/route.ts': [remove(t => `${api}/lists/${t.entry}`)],
  'api/v1/periods/route.ts': [
    post(
      () => `${api}/periods`,
      t => ({ kind: 'maintenance', backend: t.backend, minutes: 5 }),
    ),
    post(
      () => `${api}/periods`,
      t => ({ kind: 'drill', domain: t.domain, minutes: 5 }),
    ),
    post(
      () => `${api}/periods`,
      t => ({ kind: 'override', people: [t.address], minutes: 5 }),
    ),
  ],
  'api/v1/periods/[id]/route.ts': [
    get(t => `${api}/periods/${t.period}`),
    remove(t => `${api}/periods/${t.period}`),
  ],
  'api/v1/domains/[domain]/route.ts': [
    get(t => `${api}/domains/${t.domain}`),
    change(t => `${api}/domains/${t.domain}`, { unverified: 'defer' }),
  ],
  'api/v1/domains/[domain]/scan/route.ts': [
    get(t => `${api}/domains/${t.domain}/scan`),
    change(t => `${api}/domains/${t.domain}/scan`, { virus: 'off' }),
  ],
  'api/v1/telling/acknowledge/route.ts': [
    post(
      () => `${api}/telling/acknowledge`,
      t => ({ id: t.thread }),
    ),
  ],
  'api/v1/telling/route.ts': [change(() => `${api}/telling`, { organization: 'Bakery', people: false })],
  'api/v1/suppressed/route.ts': [
    post(
      () => `${api}/suppressed`,
      t => ({ addresses: [t.address] }),
    ),
  ],
  'api/v1/unusual-sending/route.ts': [
    post(
      () => `${api}/unusual-sending`,
      t => ({ ids: [t.person] }),
    ),
  ],
}

/** Asked by anybody, with an address: an answer must not tell whether there is such a person. */
export const ADDRESSES: Record<string, Try[]> = {
  '.well-known/autoconfig/mail/config-v1.1.xml/route.ts': [
    get(t => `/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=${t.address}`),
  ],
  'mail/config-v1.1.xml/route.ts': [get(t => `/mail/config-v1.1.xml?emailaddress=${t.address}`)],
  'autodiscover/autodiscover.json/[version]/[address]/route.ts': [
    get(t => `/autodiscover/autodiscover.json/v1.0/${t.address}?Protocol=AutodiscoverV1`),
  ],
  'autodiscover/autodiscover.json/route.ts': [
    get(t => `/autodiscover/autodiscover.json?Email=${t.address}&Protocol=AutodiscoverV1`),
  ],
  'people/route.ts': [get(t => `/people?q=${t.address}`)],
  'people/check/route.ts': [get(t => `/people/check?address=${t.address}`)],
}

/** Names nobody else's anything, for this reason. */
export const NOBODYS: Record<string, string> = Object.fromEntries(
  Object.entries({
    'shows what its scope has, and asks the API for the rest':
      'admin/domains admin/outgoing admin admin/plans admin/quarantine admin/scanning admin/telling admin/people'
        .split(' ')
        .map(page => `(admin)/${page}/page.tsx`),
    'takes ids that only JMAP reads': ['(mail)/page.tsx'],
    'is about the person who is signed in': [
      '(setup)/setup/page.tsx',
      '(setup)/setup/profile/route.ts',
      'account/passkeys/route.ts',
      'account/security/page.tsx',
      'contact/page.tsx',
      'contact/push/route.ts',
      'filter/page.tsx',
      'own-server/page.tsx',
      'writing/page.tsx',
      'jmap/eventsource/route.ts',
      '.well-known/jmap/route.ts',
      'api/v1/continuity/route.ts',
      'api/v1/statements/route.ts',
    ],
    'has a matrix of its own (core/jmap/tenants.test.ts)': ['jmap/api/route.ts'],
    'lists what is in scope, and takes no id': [
      'backends',
      'domains',
      'events',
      'outgoing',
      'quarantine',
      'readiness',
      'status',
    ].map(name => `api/v1/${name}/route.ts`),
    'says the same to everybody': ['api/v1/openapi.json/route.ts', 'healthz/route.ts'],
    'is the example world, and not there outside the demo': ['api/v1/demo/backend/route.ts'],
    'signs somebody in (e2e/sign-in.test.ts, e2e/safety.test.ts)': [
      'api/auth/[...nextauth]/route.ts',
      'sign-in/page.tsx',
      'sign-in/code/page.tsx',
      'sign-in/company/page.tsx',
      'sign-in/passkey/route.ts',
      'sign-in/second/page.tsx',
    ],
    'is public by its organization’s own wish': ['status/[slug]/page.tsx'],
    'reads the address from XML, with the same answer as the others': [
      'autodiscover/autodiscover.xml/route.ts',
    ],
  }).flatMap(([why, files]) => files.map(file => [file, why])),
)
