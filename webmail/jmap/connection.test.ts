import { expect, test } from 'vitest'
import { asPath, fill, nameInPath } from './connection.ts'

test('addresses of the session become paths of this site', () => {
  expect(asPath('https://mail.example.org/jmap/api')).toBe('/jmap/api')
  expect(asPath('/jmap/api')).toBe('/jmap/api')
})

test('a template is filled with what was escaped', () => {
  expect(
    fill('http://localhost:3000/jmap/download/{accountId}/{blobId}/{name}?type={type}', {
      accountId: 'a1',
      blobId: 'Mx-2',
      name: 'Façana 1/2.pdf',
      type: 'application/pdf',
    }),
  ).toBe('/jmap/download/a1/Mx-2/Fa%C3%A7ana%201%2F2.pdf?type=application%2Fpdf')
})

test.each([
  ['Façana.pdf', 'Façana.pdf'],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['C:\\offer.doc', 'C:_offer.doc'],
  ['a\r\nX-Injected: 1', 'a__X-Injected: 1'],
  ['.', 'attachment'],
  ['..', 'attachment'],
  ['', 'attachment'],
  ['half \ud83d', 'half \ufffd'],
])('the name %j is %j in an address', (name, fit) => {
  expect(nameInPath(name)).toBe(fit)
})
