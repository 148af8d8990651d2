/**
 * A certificate that signs itself (RFC 5280 §4.1): P-256, one name, nothing else. The few DER forms it takes
 * are written here, because the packages that do it bring an ASN.1 stack of a dozen others for one start in
 * ten years.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

export type Certificate = {
  /** PEM, PKCS #8. */
  key: string
  /** PEM. */
  cert: string
}

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const context = (number: number, constructed: boolean) => 0x80 | (constructed ? 0x20 : 0) | number

/** Object identifiers as encoded: ecdsa-with-SHA256, commonName, subjectAltName. */
const ECDSA_SHA256 = Buffer.from('2a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('550403', 'hex')
const SUBJECT_ALT_NAME = Buffer.from('551d11', 'hex')

/**
 * @param name host name (or IPv4 address) that it is for
 * @param from first moment of its validity; `until` its last
 */
export function selfSigned(name: string, from: Date, until: Date): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_SHA256))
  // RFC 5280 appendix A limits a common name to 64 characters; the alternative name is what counts.
  const subject = der(
    SEQUENCE,
    der(
      SET,
      der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), der(UTF8_STRING, Buffer.from(name.slice(0, 64)))),
    ),
  )
  const toBeSigned = der(
    SEQUENCE,
    der(context(0, true), der(INTEGER, Buffer.from([2]))),
    der(INTEGER, positive(randomBytes(16))),
    algorithm,
    subject,
    der(SEQUENCE, time(from), time(until)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      context(3, true),
      der(
        SEQUENCE,
        der(
          SEQUENCE,
          der(OBJECT_IDENTIFIER, SUBJECT_ALT_NAME),
          der(OCTET_STRING, der(SEQUENCE, alternativeName(name))),
        ),
      ),
    ),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = der(
    SEQUENCE,
    toBeSigned,
    algorithm,
    der(BIT_STRING, Buffer.concat([Buffer.from([0]), signature])),
  )
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  }
}

/** Tag, length, contents (X.690 §8.1). */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const short = length.subarray(length.findIndex(byte => byte !== 0))
  return Buffer.concat([Buffer.from([tag, 0x80 | short.length]), short, body])
}

/** A serial number without a sign bit and without a zero in front. */
function positive(bytes: Buffer): Buffer {
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes
}

/** RFC 5280 §4.1.2.5: two digits for the year up to 2049. */
function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '')
  return at.getUTCFullYear() < 2050
    ? der(UTC_TIME, Buffer.from(digits.slice(2)))
    : der(GENERALIZED_TIME, Buffer.from(digits))
}

function alternativeName(name: string): Buffer {
  if (isIP(name) === 4) return der(context(7, false), Buffer.from(name.split('.').map(Number)))
  return der(context(2, false), Buffer.from(name))
}
