/**
 * What mail programs are told, held against the shape that each expects: every element in its place, nothing that
 * somebody wrote breaks out of its text, the signed profile opens.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientSetup } from '@restante/core/directory/client-settings.ts'
import { JSDOM } from 'jsdom'
import { describe, expect, test } from 'vitest'
import { autoconfig } from './autoconfig.ts'
import { errorAnswer, jsonAnswer, readRequest, settingsAnswer } from './autodiscover.ts'
import { profile, signProfile } from './profile.ts'

const setup: ClientSetup = {
  domain: 'acme.example',
  organization: 'Acme <& "Sons">',
  user: 'address',
  imap: { host: 'mail.acme.example', port: 993, tls: 'implicit' },
  smtp: { host: 'mail.acme.example', port: 587, tls: 'starttls' },
}

type Tree = [string, string | Tree[]]

/** A document as names and texts, for comparing; attributes stand with the name. */
function read(xml: string): Tree {
  const { document } = new JSDOM(xml, { contentType: 'text/xml' }).window
  const tree = (element: Element): Tree => {
    const attributes = [...element.attributes].map(({ name, value }) => ` ${name}=${value}`).join('')
    const inside = [...element.children].map(tree)
    return [element.tagName + attributes, inside.length > 0 ? inside : (element.textContent ?? '')]
  }
  return tree(document.documentElement)
}

/** A property list as values. */
function readPlist(xml: string): unknown {
  const value = (element: Element): unknown => {
    const inside = [...element.children]
    switch (element.tagName) {
      case 'dict':
        return Object.fromEntries(
          inside
            .filter((_, at) => at % 2 === 0)
            .map((key, at) => [key.textContent, value(inside[at * 2 + 1]!)]),
        )
      case 'array':
        return inside.map(value)
      case 'integer':
        return Number(element.textContent)
      case 'true':
      case 'false':
        return element.tagName === 'true'
      default:
        return element.textContent
    }
  }
  const { document } = new JSDOM(xml, { contentType: 'text/xml' }).window
  expect(document.documentElement.tagName).toBe('plist')
  return value(document.documentElement.firstElementChild!)
}

test('autoconfig, format 1.1', () => {
  expect(read(autoconfig(setup))).toEqual([
    'clientConfig version=1.1',
    [
      [
        'emailProvider id=acme.example',
        [
          ['domain', 'acme.example'],
          ['displayName', 'Acme <& "Sons">'],
          ['displayShortName', 'Acme <& "Sons">'],
          [
            'incomingServer type=imap',
            [
              ['hostname', 'mail.acme.example'],
              ['port', '993'],
              ['socketType', 'SSL'],
              ['authentication', 'password-cleartext'],
              ['username', '%EMAILADDRESS%'],
            ],
          ],
          [
            'outgoingServer type=smtp',
            [
              ['hostname', 'mail.acme.example'],
              ['port', '587'],
              ['socketType', 'STARTTLS'],
              ['authentication', 'password-cleartext'],
              ['username', '%EMAILADDRESS%'],
            ],
          ],
        ],
      ],
    ],
  ])
  const both = autoconfig({
    ...setup,
    user: 'local',
    pop: { host: 'pop.acme.example', port: 995, tls: 'implicit' },
  })
  expect(both.match(/type="\w+"/g)).toEqual(['type="imap"', 'type="pop3"', 'type="smtp"'])
  expect(both).toContain('%EMAILLOCALPART%')
})

const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a'
const request = (address: string, schema = OUTLOOK) =>
  `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`

describe('autodiscover', () => {
  test('understands what Outlook posts, and nothing that is none', () => {
    expect(readRequest(request('ann@acme.example'))).toEqual({ address: 'ann@acme.example', schema: OUTLOOK })
    for (const text of ['', '<a/>', 'EMailAddress', '<EMailAddress>&x;</EMailAddress>', '<'.repeat(50_000)])
      expect(readRequest(text)).toBeNull()
  })

  test('answers with each server', () => {
    const answer = settingsAnswer({ address: 'ann@acme.example', schema: OUTLOOK }, setup)
    const common = [
      ['DomainRequired', 'off'],
      ['LoginName', 'ann@acme.example'],
      ['SPA', 'off'],
      ['SSL', 'on'],
    ]
    expect(read(answer)).toEqual([
      'Autodiscover xmlns=http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006',
      [
        [
          `Response xmlns=${OUTLOOK}`,
          [
            [
              'Account',
              [
                ['AccountType', 'email'],
                ['Action', 'settings'],
                [
                  'Protocol',
                  [
                    ['Type', 'IMAP'],
                    ['Server', 'mail.acme.example'],
                    ['Port', '993'],
                    ...common,
                    ['Encryption', 'SSL'],
                    ['AuthRequired', 'on'],
                  ],
                ],
                [
                  'Protocol',
                  [
                    ['Type', 'SMTP'],
                    ['Server', 'mail.acme.example'],
                    ['Port', '587'],
                    ...common,
                    ['Encryption', 'TLS'],
                    ['AuthRequired', 'on'],
                    ['UsePOPAuth', 'off'],
                    ['SMTPLast', 'off'],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ])
  })

  test('has errors of its own', () => {
    expect(errorAnswer(500)).toContain('<ErrorCode>500</ErrorCode>')
    const phone = settingsAnswer({ address: 'ann@acme.example', schema: 'mobilesync' }, setup)
    expect(read(phone)[1]).toMatchObject([
      [
        'Response',
        [
          [
            'Error',
            [
              ['ErrorCode', '601'],
              ['Message', expect.any(String)],
              ['DebugData', ''],
            ],
          ],
        ],
      ],
    ])
    const hostile = settingsAnswer({ address: '"<x>&"@acme.example', schema: OUTLOOK }, setup)
    expect(JSON.stringify(read(hostile))).toContain('LoginName')
  })

  test('by JSON only says where the rest is', () => {
    expect(jsonAnswer('AutoDiscoverV1', 'https://mail.example')).toEqual({
      status: 200,
      body: { Protocol: 'AutodiscoverV1', Url: 'https://mail.example/autodiscover/autodiscover.xml' },
    })
    expect(jsonAnswer('EWS', '')).toMatchObject({ status: 400, body: { ErrorCode: 'InvalidProtocol' } })
    expect(jsonAnswer(null, '')).toMatchObject({
      status: 400,
      body: { ErrorCode: 'MandatoryParameterMissing' },
    })
  })
})

describe('the profile for Apple devices', () => {
  const ann = { name: 'Ann & Co', address: 'ann@acme.example' }

  test('holds one account and no password', () => {
    const xml = profile({ ...setup, user: 'local' }, ann)
    const found = readPlist(xml) as { PayloadContent: object[]; PayloadUUID: string }
    expect(found).toMatchObject({
      PayloadType: 'Configuration',
      PayloadVersion: 1,
      PayloadIdentifier: 'example.acme.mail',
      PayloadOrganization: 'Acme <& "Sons">',
    })
    expect(found.PayloadUUID).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(found.PayloadContent).toEqual([
      {
        PayloadType: 'com.apple.mail.managed',
        PayloadVersion: 1,
        PayloadIdentifier: 'example.acme.mail.account',
        PayloadUUID: expect.stringMatching(/^[0-9a-f-]{36}$/),
        PayloadDisplayName: 'Acme <& "Sons">',
        EmailAccountType: 'EmailTypeIMAP',
        EmailAccountName: 'Ann & Co',
        EmailAccountDescription: 'Acme <& "Sons">',
        EmailAddress: 'ann@acme.example',
        IncomingMailServerAuthentication: 'EmailAuthPassword',
        IncomingMailServerHostName: 'mail.acme.example',
        IncomingMailServerPortNumber: 993,
        IncomingMailServerUseSSL: true,
        IncomingMailServerUsername: 'ann',
        OutgoingMailServerAuthentication: 'EmailAuthPassword',
        OutgoingMailServerHostName: 'mail.acme.example',
        OutgoingMailServerPortNumber: 587,
        OutgoingMailServerUseSSL: true,
        OutgoingMailServerUsername: 'ann',
        OutgoingPasswordSameAsIncomingPassword: true,
      },
    ])
    expect(profile(setup, ann)).toBe(profile(setup, ann))
    expect(profile(setup, { ...ann, address: 'ben@acme.example' })).not.toContain(found.PayloadUUID)
  })

  test('is signed with the certificate, and opens with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-profile-'))
    try {
      const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
      const words = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=mail.acme.example',
      ]
      execFileSync('openssl', [...words, '-keyout', key, '-out', certificate], { stdio: 'pipe' })
      const xml = profile(setup, ann)
      const signed = join(folder, 'signed')
      writeFileSync(signed, await signProfile(xml, { certificate, key }))
      const verify = [
        'cms',
        '-verify',
        '-inform',
        'DER',
        '-in',
        signed,
        '-CAfile',
        certificate,
        '-purpose',
        'any',
      ]
      expect(execFileSync('openssl', verify, { stdio: ['ignore', 'pipe', 'pipe'] }).toString('utf8')).toBe(
        xml,
      )
      await expect(signProfile(xml, { certificate, key: certificate })).rejects.toThrow()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
