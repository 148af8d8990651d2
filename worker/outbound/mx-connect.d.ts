declare module 'mx-connect' {
  import type { X509Certificate } from 'node:crypto'
  import type { Socket } from 'node:net'

  type Tlsa = { usage: number; selector: number; mtype: number; cert: Buffer }
  export type MxConnection = {
    socket: Socket
    hostname: string
    host: string
    port: number
    tlsaRecords?: Tlsa[]
  }
  export type MxOptions = {
    target: string
    port?: number
    maxConnectTime?: number
    ignoreMXHosts?: string[]
    mxLastError?: Error
    dnsOptions?: {
      blockLocalAddresses?: boolean
      blockReservedNetworks?: boolean
      resolveRecords?: (domain: string, type: 'MX' | 'A' | 'AAAA' | 'TXT') => Promise<unknown[]>
    }
    dane?: {
      enabled: boolean
      resolveTlsa: (name: string) => Promise<Tlsa[]>
      checkDnssecSecure: (host: string) => Promise<{ secure: boolean }>
    }
  }
  function mxConnect(options: MxOptions): Promise<MxConnection>
  namespace mxConnect {
    const dane: {
      verifyCertAgainstTlsa(
        cert: X509Certificate,
        records: readonly Tlsa[],
        chain: readonly X509Certificate[],
      ): { valid: boolean; usage?: 'DANE-TA' | 'DANE-EE'; error: string | null }
    }
  }
  export default mxConnect
}
