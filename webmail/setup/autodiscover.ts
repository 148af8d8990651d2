/**
 * Autodiscover: what Outlook asks. The older way is an XML document that is posted and answered ([MS-OXDSCLI]
 * 2.2), the newer one JSON that only says where that is. We answer the "outlook" schema with IMAP, POP and SMTP.
 */
import {
  type ClientProtocol,
  type ClientServer,
  type ClientSetup,
  clientUserName,
} from '@restante/core/directory/client-settings.ts'
import { element, firstText } from './xml.ts'

const ROOT = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006'
const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a'
const HEAD = `<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="${ROOT}">`

export type Asked = { address: string; schema: string }

/** What a posted document asks; null when it asks nothing that can be understood. */
export function readRequest(xml: string): Asked | null {
  const address = firstText(xml, 'EMailAddress')
  return address ? { address, schema: firstText(xml, 'AcceptableResponseSchema') ?? OUTLOOK } : null
}

const TYPES: Record<ClientProtocol, string> = { imap: 'IMAP', pop: 'POP3', smtp: 'SMTP' }

export function settingsAnswer(asked: Asked, setup: ClientSetup): string {
  if (asked.schema !== OUTLOOK) return errorAnswer(601)
  const protocol = (name: ClientProtocol, server: ClientServer | undefined) =>
    server
      ? `
      <Protocol>
        ${element('Type', TYPES[name])}
        ${element('Server', server.host)}
        ${element('Port', server.port)}
        <DomainRequired>off</DomainRequired>
        ${element('LoginName', clientUserName(setup, asked.address))}
        <SPA>off</SPA>
        <SSL>on</SSL>
        ${element('Encryption', server.tls === 'implicit' ? 'SSL' : 'TLS')}
        <AuthRequired>on</AuthRequired>${
          name === 'smtp' ? '\n        <UsePOPAuth>off</UsePOPAuth>\n        <SMTPLast>off</SMTPLast>' : ''
        }
      </Protocol>`
      : ''
  return `${HEAD}
  <Response xmlns="${OUTLOOK}">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>${protocol('imap', setup.imap)}${protocol('pop', setup.pop)}${protocol('smtp', setup.smtp)}
    </Account>
  </Response>
</Autodiscover>
`
}

const ERRORS = {
  500: 'The email address can’t be found.',
  600: 'Invalid Request',
  601: 'The requested schema is not provided.',
} as const

/** [MS-OXDSCLI] 2.2.4.2: an error is answered with 200, and stands in the document. */
export function errorAnswer(code: keyof typeof ERRORS): string {
  return `${HEAD}
  <Response>
    <Error>
      ${element('ErrorCode', code)}
      ${element('Message', ERRORS[code])}
      <DebugData />
    </Error>
  </Response>
</Autodiscover>
`
}

export type JsonAnswer = { status: number; body: Record<string, string> }

/** `base`: the address of the webmail. Only the way to the XML document is told. */
export function jsonAnswer(protocol: string | null, base: string): JsonAnswer {
  if (protocol?.toLowerCase() === 'autodiscoverv1') {
    return {
      status: 200,
      body: { Protocol: 'AutodiscoverV1', Url: `${base}/autodiscover/autodiscover.xml` },
    }
  }
  return protocol
    ? {
        status: 400,
        body: {
          ErrorCode: 'InvalidProtocol',
          ErrorMessage: `The given protocol value '${protocol.slice(0, 100)}' is invalid. Supported values are 'AutodiscoverV1'`,
        },
      }
    : {
        status: 400,
        body: {
          ErrorCode: 'MandatoryParameterMissing',
          ErrorMessage: "A valid value must be provided for the query parameter 'Protocol'",
        },
      }
}
