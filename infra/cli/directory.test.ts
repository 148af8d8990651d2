/** The commands that fill the directory, as processes, on a real database. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { listMailboxes } from '@restante/core/directory/mailboxes.ts'
import { listPeople } from '@restante/core/directory/people.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await testDatabase()
  folder = await mkdtemp(join(tmpdir(), 'restante-cli-'))
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

type Ended = { code: number | null; out: string; err: string; json: Record<string, unknown> }

function restante(words: string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...words], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      RESTANTE_DATA: join(folder, 'data'),
      DATABASE_URL: database.url,
      REDIS_URL: 'redis://127.0.0.1:1',
    },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (err += chunk))
  child.stdin.end(input)
  return new Promise(resolve =>
    child.on('close', code => {
      const json = words.includes('--json') && out ? JSON.parse(out) : {}
      resolve({ code, out, err, json })
    }),
  )
}

async function done(words: string[], input?: string): Promise<Ended> {
  const ended = await restante(words, input)
  expect(ended).toMatchObject({ code: 0, err: '' })
  return ended
}

async function refused(words: string[], line: RegExp, input?: string): Promise<void> {
  const ended = await restante(words, input)
  expect(ended.code).toBe(1)
  expect(ended.err).toMatch(line)
  expect(ended.err.trimEnd()).not.toContain('\n')
}

test('a company is set up from the command line', async () => {
  expect((await done(['org', 'add', 'Acme', '--json'])).json).toMatchObject({ name: 'Acme' })
  await refused(['org', 'add', 'Acme'], /^organization Acme exists already\n$/)
  expect(
    (
      await done([
        'org',
        'set',
        'Acme',
        '--smarthost',
        'smtp://u:p@smart.example',
        '--history',
        '7',
        '--json',
      ])
    ).json,
  ).toMatchObject({ hasSmarthosts: true, historyDays: 7 })
  await refused(['org', 'set', 'Acme', '--history', '91'], /^history must be/)
  expect((await restante(['org', 'set', 'Acme', '--history', 'x'])).code).toBe(2)
  expect((await restante(['org', 'set', 'Acme'])).code).toBe(2)

  const domain = ['domain', 'add', 'Acme.example', '--org', 'Acme', '--backend']
  expect(
    (await done([...domain, 'smtp://127.0.0.1:2500', '--backend', 'lmtp://127.0.0.1', '--json'])).json,
  ).toMatchObject({ domain: 'acme.example' })
  await refused([...domain, 'smtp://127.0.0.1:2500'], /^domain acme\.example exists already\n$/)
  await refused(['domain', 'add', 'b.example', '--org', 'Acme', '--backend', 'x'], /must be a URL like/)
  expect((await restante(['domain', 'add', 'b.example', '--org', 'Acme'])).code).toBe(2)
  expect((await done(['domain', 'set', 'acme.example', '--history', '0', '--json'])).json).toMatchObject({
    historyDays: 0,
  })
  const asked = ['domain', 'set', 'acme.example', '--recipients', 'ask', '--unverified', 'hold', '--json']
  expect((await done(asked)).json).toMatchObject({ recipients: 'ask', unverified: 'hold', historyDays: 0 })
  expect((await restante(['domain', 'set', 'acme.example', '--recipients', 'guess'])).code).toBe(2)
  expect((await restante(['domain', 'set', 'acme.example'])).code).toBe(2)
  expect((await done(['domain', 'list'])).out).toContain('acme.example')

  const person = ['person', 'add', 'anna@acme.example', '--password-stdin']
  expect(
    (
      await done(
        [...person, '--role', 'admin', '--locale', 'ca', '--name', 'Anna', '--json'],
        'correct horse\n',
      )
    ).json,
  ).toMatchObject({ address: 'anna@acme.example', role: 'admin', locale: 'ca', name: 'Anna' })
  await refused(person, /^anna@acme\.example is a person already\n$/, 'correct horse')
  await refused(['person', 'add', 'bea@acme.example', '--password-stdin'], /^a password needs 8/, 'short')
  await refused(['person', 'add', 'bea@acme.example', '--password-stdin'], /^there was no password/)
  expect((await restante(['person', 'add', 'bea@acme.example', '--role', 'king'])).code).toBe(2)

  await done([
    'mailbox',
    'add',
    'info@acme.example',
    '--shared',
    '--alias',
    'hi@acme.example',
    '--member',
    'anna@acme.example',
  ])
  const mailboxes = JSON.parse((await done(['mailbox', 'list', '--json'])).out)
  expect(mailboxes).toMatchObject([
    { address: 'anna@acme.example', kind: 'personal', members: ['anna@acme.example'] },
    {
      address: 'info@acme.example',
      kind: 'shared',
      aliases: ['hi@acme.example'],
      members: ['anna@acme.example'],
    },
  ])

  const { json } = await done(['person', 'app-password', 'anna@acme.example', '--name', 'script', '--json'])
  expect(json.password).toMatch(/^restante-/)
  await refused(
    ['person', 'app-password', 'no@acme.example', '--name', 'x'],
    /^there is no person no@acme\.example\n$/,
  )

  const audited = await database.db
    .selectFrom('audit')
    .select(['actor', 'action', 'detail'])
    .orderBy('at')
    .execute()
  expect(audited.map(row => row.action)).toEqual([
    'organization.add',
    'organization.set',
    'domain.add',
    'domain.set',
    'domain.set',
    'person.add',
    'mailbox.add',
    'app-password.add',
  ])
  expect(JSON.stringify(audited)).not.toMatch(/correct horse|smtp:/)
}, 60_000)

test('people are imported all or not at all', async () => {
  const file = join(folder, 'people.csv')
  await writeFile(
    file,
    [
      'address,name,role,locale,aliases,password',
      'carl@acme.example,Carl,user,es,c@acme.example,correct horse',
      'no address,X,user,en,,',
      'dora@elsewhere.example,Dora,user,en,,',
      'dora@acme.example,Dora,king,en,,',
      'eva@acme.example,Eva,user,en',
      'carl@acme.example,Carl,user,en,,',
      'fina@acme.example,Fina,user,it,,short',
    ].join('\r\n'),
  )
  const before = (await listPeople(database.db)).length
  const wrong = await restante(['import', 'people', file, '--json'])
  expect(wrong.code).toBe(1)
  expect(wrong.err).toMatch(/6 errors, nothing was changed\n$/)
  expect(wrong.json).toMatchObject({
    imported: 0,
    errors: [
      { line: 3, code: 'bad-address' },
      { line: 4, code: 'unknown-domain' },
      { line: 5, code: 'bad-role' },
      { line: 6, code: 'bad-line' },
      { line: 7, code: 'person-exists' },
      { line: 8, code: 'weak-password' },
    ],
  })
  expect(await listPeople(database.db)).toHaveLength(before)

  await writeFile(
    file,
    '\uFEFFName;Address;Aliases;Password\n"Carl; Jr";Carl@acme.example;c@acme.example team@acme.example;correct horse \n\nDora;dora@acme.example;team@acme.example;\n',
  )
  const right = await done(['import', 'people', file, '--json'])
  expect(right.json).toEqual({ imported: 2, errors: [] })
  const people = await listPeople(database.db)
  expect(people.find(person => person.address === 'carl@acme.example')).toMatchObject({
    name: 'Carl; Jr',
    canSignIn: true,
  })
  expect(people.find(person => person.address === 'dora@acme.example')).toMatchObject({ canSignIn: false })
  const mailboxes = await listMailboxes(database.db)
  expect(mailboxes.find(mailbox => mailbox.address === 'carl@acme.example')?.aliases).toEqual([
    'c@acme.example',
    'team@acme.example',
  ])
  await refused(['import', 'people', join(folder, 'none.csv')], /none\.csv: ENOENT/)
}, 60_000)

test('domain check says what DNS says, or that it says nothing', async () => {
  const ended = await done(['domain', 'check', 'acme.example', '--json'])
  expect(ended.json).toMatchObject({ domain: 'acme.example', ok: false, findings: expect.any(Array) })
  await refused(['domain', 'check', 'no domain'], /is not a domain name\n$/)
}, 60_000)

test('a file of people can be read again and again', async () => {
  const file = join(folder, 'staff.csv')
  const write = (lines: string[]) => writeFile(file, ['address,name,aliases', ...lines, ''].join('\n'))
  const sync = ['import', 'people', file, '--sync', '--json']
  const names = async () =>
    (await listPeople(database.db))
      .map(person => `${person.address} ${person.name}`)
      .filter(text => text.includes('staff'))
  await write([
    'staff1@acme.example,One,s1@acme.example',
    'staff2@acme.example,Two,',
    'staff3@acme.example,Three,',
  ])
  const tried = await done([...sync, '--dry-run'])
  expect(tried.json).toMatchObject({
    done: false,
    added: ['staff1@acme.example', 'staff2@acme.example', 'staff3@acme.example'],
  })
  expect(await names()).toEqual([])
  expect((await done(sync)).json).toMatchObject({ done: true })
  expect((await done(sync)).json).toMatchObject({ done: true, added: [], changed: [], unchanged: 3 })

  // One fault, and nothing is changed.
  await write([
    'staff1@acme.example,Uno,s1@nowhere.example',
    'staff2 at example.com,Two,',
    'staff4@acme.example,Four,',
  ])
  const wrong = await restante(sync)
  expect(wrong.code).toBe(1)
  expect(wrong.err).toMatch(/staff\.csv: 2 errors, nothing was changed/)
  expect(wrong.json.problems).toMatchObject([
    { line: 2, code: 'unknown-domain' },
    { line: 3, code: 'bad-address' },
  ])
  expect(await names()).toHaveLength(3)

  // Who is missing stays, until somebody says otherwise.
  await write(['staff1@acme.example,Uno,', 'staff4@acme.example,Four,'])
  expect((await done(sync)).json).toMatchObject({
    added: ['staff4@acme.example'],
    changed: ['staff1@acme.example'],
    removed: [],
    setAside: { reason: 'not-asked', addresses: ['staff2@acme.example', 'staff3@acme.example'] },
  })
  expect((await done([...sync, '--remove-missing'])).json).toMatchObject({
    removed: ['staff2@acme.example', 'staff3@acme.example'],
  })
  expect(await names()).toEqual(['staff1@acme.example Uno', 'staff4@acme.example Four'])
  const usage = await restante(['import', 'people', file, '--remove-missing'])
  expect(usage.code).toBe(2)
})

test('an LDAP server is set, changed, shown without its password, and forgotten', async () => {
  const organization = (await done(['org', 'list', '--json'])).json as unknown as { name: string }[]
  const name = organization[0]!.name
  await refused(['ldap', 'set', name, '--url', 'ldaps://ldap.example.com'], /needs --url and --base/)
  await refused(['ldap', 'sync', name], /has no LDAP server/)
  const set = ['ldap', 'set', name, '--url', 'ldaps://127.0.0.1:1', '--base', 'dc=example', '--no-schedule']
  await refused([...set, '--bind', 'cn=x'], /needs --password-stdin/)
  await done([...set, '--bind', 'cn=x', '--password-stdin'], 'hunter2')
  await done(['ldap', 'set', name, '--every', '15', '--shared-filter', '(objectClass=groupOfNames)'])
  const listed = await done(['ldap', 'list', '--json'])
  expect(listed.json).toMatchObject([
    { bindDn: 'cn=x', base: 'dc=example', everyMinutes: 15, scheduled: true },
  ])
  expect(listed.out).not.toContain('hunter2')
  await refused(['ldap', 'sync', name, '--dry-run'], /ECONNREFUSED/)
  await done(['ldap', 'remove', name])
  await refused(['ldap', 'remove', name], /has no LDAP server/)
})
