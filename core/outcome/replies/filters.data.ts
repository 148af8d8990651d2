/** Replies of services that filter mail for others: test data of the classifier. */
import { type Known, list } from './known.ts'

export const filters: readonly Known[] = [
  ...list(
    'Proofpoint',
    ['address-blocked', '554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1', 'greeting'],
    [
      'address-blocked',
      '421 Service not available: blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1',
      'greeting',
    ],
    ['bad-address', '550 5.1.1 User Unknown'],
    ['greylisted', '451 4.7.1 Greylisting in action, please come back later'],
    [
      'content-refused',
      '554 5.7.1 The message from (<anna@example.org>) with the subject of (Offer) matches a profile the Internet community may consider spam.',
      'final',
    ],
    ['too-large', '552 5.3.4 Message size exceeds maximum allowed', 'final'],
    ['bad-domain', '550 5.7.1 Relaying denied'],
    ['sender-not-authenticated', '550 5.7.0 Local Policy Violation: DMARC', 'final'],
    ['destination-down', '451 4.3.2 Please try again later', 'greeting'],
    ['mailbox-disabled', '550 5.2.1 The mailbox is disabled for anna@example.com'],
    ['too-many', '452 4.2.1 Recipient temporarily unavailable: too many messages'],
  ),
  ...list(
    'Mimecast',
    ['bad-address', '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550'],
    ['greylisted', '451 Internal resources are temporarily unavailable - Greylisting in effect'],
    [
      'address-blocked',
      '550 Rejected by header based Anti-Spoofing policy: connection refused, listed in RBL',
    ],
    ['bad-domain', '501 5.1.2 Bad destination host'],
    ['content-refused', '554 Email rejected due to security policies - MCSpamSignature.s.2', 'final'],
    [
      'content-refused',
      '550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550',
    ],
    ['bad-address', '550 5.1.1 Invalid Recipient'],
    [
      'sender-not-authenticated',
      '550 DMARC Sender Invalid - envelope rejected - https://community.mimecast.com/docs/DOC-1369#550',
      'final',
    ],
    [
      'sender-not-authenticated',
      '550 SPF Sender Invalid - envelope rejected - https://community.mimecast.com/docs/DOC-1369#550',
    ],
    ['address-blocked', '554 Host network, 192.0.2.1, not allowed', 'greeting'],
    ['content-refused', '554 Virus signature detected: Eicar-Test-Signature', 'final'],
    ['content-refused', '554 Email rejected due to content policy', 'final'],
    ['too-large', '554 Maximum email size exceeded', 'final'],
    ['too-many', '451 4.7.0 Maximum connections exceeded: rate limit', 'greeting'],
    [
      'greylisted',
      '451 Greylisting in effect, try again later - https://community.mimecast.com/docs/DOC-1369#451',
    ],
  ),
  ...list(
    'Barracuda',
    [
      'bad-address',
      '550 permanent failure for one or more recipients (nobody@example.com:550 5.1.1 User unknown)',
      'final',
    ],
    ['unknown', '550 permanent failure for one or more recipients (anna@example.com:blocked)', 'final'],
    ['too-many', '421 Error: too many connections from 192.0.2.1', 'greeting'],
    [
      'address-blocked',
      '554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1',
      'greeting',
    ],
    ['greylisted', '450 4.7.1 Greylisted; please try again later'],
  ),
  ...list(
    'Hornetsecurity',
    [
      'bad-address',
      '550 5.1.1 <nobody@example.com>: Recipient address rejected: undeliverable address: unknown user',
    ],
    ['address-blocked', '554 5.7.1 192.0.2.1 is listed in our local blacklist', 'greeting'],
    ['content-refused', '554 5.7.1 Spam message rejected', 'final'],
    ['content-refused', '554 5.6.1 Message rejected due to content policy', 'final'],
  ),
]
