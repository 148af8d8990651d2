/**
 * The same dialogs with Restante and with a real Postfix: whoever has run Postfix at this place finds the
 * same answers, or finds in docs/standards.md which is another one and why. The table there is read here: a
 * difference that is not in it fails, and so does a line in it that is no difference any more.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDialog, replay, type Step } from './dialog.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { canRunPostfix, type Postfix, startPostfix } from './servers/postfix.ts'
import { untilKnown } from './watch.ts'

const domain = 'acme.example'
const people = ['anna', 'bea']
const folder = join(import.meta.dirname, 'dialogs')
const dialogs = readdirSync(folder)
  .filter(name => name.endsWith('.txt'))
  .map(name => ({ name: name.slice(0, -4), steps: readDialog(join(folder, name)) }))

type Difference = { dialog: string; said: string; ours: string; theirs: string }
const keyOf = ({ dialog, said, ours, theirs }: Difference) => `${dialog}: ${said}: ${ours}, Postfix ${theirs}`

/** The rows of the table under "Beside Postfix". */
function listed(): Difference[] {
  const page = readFileSync(join(import.meta.dirname, '../docs/standards.md'), 'utf8')
  const [, section = ''] = page.split('## Beside Postfix')
  return [...section.matchAll(/^\| ([a-z0-9-]+) \| `` (.*?) `` \| (\w+) \| (\w+) \| .+ \|$/gm)].map(
    ([, dialog = '', said = '', ours = '', theirs = '']) => ({ dialog, said, ours, theirs }),
  )
}

let postfix: Postfix | undefined
let gateway: Gateway
const found: Difference[] = []

beforeAll(async () => {
  if (canRunPostfix) postfix = await startPostfix({ domain, users: people.map(name => `${name}@${domain}`) })
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Acme',
    domain,
    backends: ['smtp://127.0.0.1:1'],
    people: people.map(name => ({ name })),
  })
  await untilKnown(gateway, `${people[1]}@${domain}`)
})
afterAll(async () => {
  await gateway?.remove()
  await postfix?.remove()
})

const expectedOf = (steps: readonly Step[]) => steps.map(({ said, expect: codes }) => [said, ...codes])
const saidIn = (steps: readonly Step[], codes: string[][]) =>
  steps.map(({ said }, index) => [said, ...(codes[index] ?? [])])

describe.each(dialogs)('$name', ({ name, steps }) => {
  test('is answered as the file says', async () => {
    const ours = await replay(gateway.ports.relay, steps)
    expect(saidIn(steps, ours)).toEqual(expectedOf(steps))
  })

  test.skipIf(!canRunPostfix)(
    'is answered by Postfix alike, or otherwise for a reason that is listed',
    async () => {
      const theirs = await replay(postfix!.port, steps)
      const differences = steps.flatMap(({ said, expect: ours }, at) =>
        ours.flatMap((code, reply) => {
          const answer = theirs[at]?.[reply] ?? 'nothing'
          return answer === code ? [] : [{ dialog: name, said, ours: code, theirs: answer }]
        }),
      )
      found.push(...differences)
      const known = new Set(listed().map(keyOf))
      expect(differences.map(keyOf).filter(key => !known.has(key))).toEqual([])
    },
  )
})

test.skipIf(!canRunPostfix)('every difference that is listed is there', () => {
  const real = new Set(found.map(keyOf))
  expect(
    listed()
      .map(keyOf)
      .filter(key => !real.has(key)),
  ).toEqual([])
  expect(listed().length).toBeGreaterThan(0)
})
