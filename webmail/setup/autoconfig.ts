/**
 * What Thunderbird and its relatives read at `autoconfig.DOMAIN` or below `.well-known` (their format 1.1). The
 * same for everybody at a domain: it does not tell whether an address is there.
 */
import type { ClientServer, ClientSetup } from '@restante/core/directory/client-settings.ts'
import { element, text } from './xml.ts'

export function autoconfig(setup: ClientSetup): string {
  const user = setup.user === 'local' ? '%EMAILLOCALPART%' : '%EMAILADDRESS%'
  const server = (kind: 'incoming' | 'outgoing', type: string, one: ClientServer) => `
    <${kind}Server type="${type}">
      ${element('hostname', one.host)}
      ${element('port', one.port)}
      ${element('socketType', one.tls === 'implicit' ? 'SSL' : 'STARTTLS')}
      ${element('authentication', 'password-cleartext')}
      ${element('username', user)}
    </${kind}Server>`
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${text(setup.domain)}">
    ${element('domain', setup.domain)}
    ${element('displayName', setup.organization)}
    ${element('displayShortName', setup.organization)}${setup.imap ? server('incoming', 'imap', setup.imap) : ''}${
      setup.pop ? server('incoming', 'pop3', setup.pop) : ''
    }${server('outgoing', 'smtp', setup.smtp)}
  </emailProvider>
</clientConfig>
`
}
