import { expect, test } from 'vitest'
import { asPath, fill } from './connection.ts'

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
