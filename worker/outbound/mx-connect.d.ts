declare module 'mx-connect' {
  import type { Socket } from 'node:net'

  export type MxConnection = { socket: Socket; hostname: string; host: string; port: number }
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
  }
  export default function mxConnect(options: MxOptions): Promise<MxConnection>
}
