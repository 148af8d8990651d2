import { describe, expect, test } from 'vitest'
import { checkDomain, checkText, type Dns } from './domain-check.ts'

type Zone = {
  mx?: Record<string, [number, string][]>
  txt?: Record<string, string[]>
  a?: Record<string, string[]>
  failing?: boolean
}

function dns(zone: Zone): Dns {
  const none = (code: string) => Object.assign(new Error(code), { code })
  async function of<T>(values: T[] | undefined): Promise<T[]> {
    if (zone.failing) throw none('ETIMEOUT')
    if (!values) throw none('ENODATA')
    return values
  }
  return {
    resolveMx: name => of(zone.mx?.[name]?.map(([priority, exchange]) => ({ priority, exchange }))),
    // Long records come in parts.
    resolveTxt: name => of(zone.txt?.[name]?.map(text => [text.slice(0, 5), text.slice(5)])),
    resolve4: name => of(zone.a?.[name]),
    resolve6: () => of<string>(undefined),
  }
}

const check = (zone: Zone, known = ['acme.example']) =>
  checkDomain('Acme.example', {
    dns: dns(zone),
    hostname: 'mx.gate.example',
    ownAddresses: new Set(['192.0.2.1']),
    known: new Set(known),
  })

const policies = { 'acme.example': ['v=spf1 mx -all', 'other'], '_dmarc.acme.example': ['v=DMARC1; p=none'] }

describe('the MX', () => {
  test.each<[string, Zone, string, boolean]>([
    ['by name', { mx: { 'acme.example': [[10, 'MX.gate.example.']] } }, 'mx', true],
    [
      'by address',
      { mx: { 'acme.example': [[10, 'other.example']] }, a: { 'other.example': ['192.0.2.1'] } },
      'mx',
      true,
    ],
    [
      "by the gateway's public address",
      {
        mx: { 'acme.example': [[10, 'other.example']] },
        a: { 'other.example': ['203.0.113.9'], 'mx.gate.example': ['203.0.113.9'] },
      },
      'mx',
      true,
    ],
    ['elsewhere', { mx: { 'acme.example': [[10, 'other.example']] } }, 'mx-elsewhere', false],
    [
      'elsewhere first',
      {
        mx: {
          'acme.example': [
            [20, 'mx.gate.example'],
            [10, 'other.example'],
          ],
        },
      },
      'mx-not-first',
      true,
    ],
    [
      'elsewhere too',
      {
        mx: {
          'acme.example': [
            [10, 'mx.gate.example'],
            [20, 'other.example'],
          ],
        },
      },
      'mx-others',
      true,
    ],
    ['missing', {}, 'mx-missing', false],
    ['null', { mx: { 'acme.example': [[0, '']] } }, 'mx-null', false],
    ['unanswered', { failing: true }, 'dns-failed', false],
  ])('%s', async (_name, zone, code, ok) => {
    const result = await check({ ...zone, txt: policies })
    expect(result.findings.map(finding => finding.code)).toContain(code)
    expect(result.ok).toBe(ok)
    expect(checkText(result).split('\n')).toHaveLength(result.findings.length)
  })
})

test('policies are found, missed, and counted', async () => {
  const mx = { 'acme.example': [[10, 'mx.gate.example']] as [number, string][] }
  expect(await check({ mx, txt: policies })).toMatchObject({
    ok: true,
    spf: 'v=spf1 mx -all',
    dmarc: 'v=DMARC1; p=none',
    mx: [{ exchange: 'mx.gate.example', here: true }],
  })
  const bare = await check({ mx })
  expect(bare.findings.map(finding => finding.code)).toEqual(['mx', 'spf-missing', 'dmarc-missing'])
  const two = await check({ mx, txt: { 'acme.example': ['v=spf1 -all', 'v=spf1 mx'] } })
  expect(two.findings.map(finding => finding.code)).toContain('spf-many')
  const unknown = await check({ mx, txt: policies }, [])
  expect(unknown).toMatchObject({ ok: false, findings: [{ code: 'not-in-directory' }, {}, {}, {}] })
})
