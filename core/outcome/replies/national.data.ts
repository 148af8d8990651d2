/** Replies of providers of single countries: test data of the classifier. */
import { type Known, list } from './known.ts'

export const national: readonly Known[] = [
  ...list(
    'GMX and WEB.DE',
    [
      'bad-address',
      '550 Requested action not taken: mailbox unavailable. For explanation visit https://postmaster.gmx.net/en/case?c=r0601',
    ],
    [
      'address-blocked',
      '554 gmx.net (mxgmx015) Nemesis ESMTP Service not available. No SMTP service. IP address is blocked. For explanation visit https://postmaster.gmx.net/',
      'greeting',
    ],
    [
      'address-blocked',
      '554 web.de Nemesis ESMTP Service not available. Reject due to policy restrictions. Bad DNS PTR resource record.',
      'greeting',
    ],
    [
      'too-many',
      '421 Service not available: too many connections. For explanation visit https://postmaster.web.de/',
      'greeting',
    ],
    ['mailbox-full', '552 Requested mail action aborted: exceeded storage allocation. Quota exceeded'],
    ['too-large', '552 Requested mail action aborted: message size exceeds the limit', 'final'],
    ['content-refused', '554 Transaction failed: Reject due to policy restrictions.', 'final'],
  ),
  ...list(
    'T-Online',
    [
      'address-blocked',
      '554 IP=192.0.2.1 - Dialup/transparent address blocked. Ask your postmaster for help or contact tobr@rx.t-online.de. (DIAL)',
      'greeting',
    ],
    ['bad-address', '550-5.1.1 <nobody@t-online.de>: User unknown\n550 5.1.1 Please check the address'],
    ['mailbox-full', '552 5.2.2 Mailbox full'],
  ),
  ...list(
    'Libero and Aruba',
    ['bad-address', '550 5.1.1 <nobody@libero.it> recipient rejected: unknown user'],
    ['mailbox-full', '552 5.2.2 <anna@libero.it>: Mailbox over quota'],
    [
      'address-blocked',
      '554 5.7.1 Connection refused for policy: 192.0.2.1 has a poor reputation',
      'greeting',
    ],
    ['too-many', '421 4.7.0 Too many messages from your IP, try later', 'greeting'],
    ['mailbox-disabled', '550 5.2.1 Mailbox disabled for the account anna@aruba.it'],
  ),
  ...list(
    'Telefonica and Ovh',
    ['bad-address', '550 5.1.1 <nobody@telefonica.net> User unknown; rejecting'],
    ['address-blocked', '550 5.7.1 Client host 192.0.2.1 has a bad reputation', 'greeting'],
    ['mailbox-full', '452 4.2.2 Mailbox size limit exceeded: over quota'],
    [
      'bad-address',
      '550 5.1.1 <nobody@example.net>: Email address could not be found, or was misspelled (G8)',
    ],
  ),
  ...list(
    'Comcast',
    ['bad-address', '550 5.1.1 Not our Customer: user unknown'],
    [
      'address-blocked',
      '554 resimta-po-11v.sys.comcast.net 192.0.2.1 found on one or more DNSBLs, see https://spa.xfinity.com/faqs',
      'greeting',
    ],
    [
      'address-blocked',
      '554 resimta.comcast.net comcast 192.0.2.1 Comcast requires that all mail servers must have a PTR record with a valid Reverse DNS entry.',
      'greeting',
    ],
    ['too-many', '452 4.1.0 Too many sessions opened from 192.0.2.1', 'greeting'],
  ),
]
