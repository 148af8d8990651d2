/**
 * How Next builds and serves the webmail. Headers that hold for every response stand here; the content
 * security policy needs a nonce for each page and stands in proxy.ts.
 */
import { resolve } from 'node:path'
import type { NextConfig } from 'next'
import createNextIntlPlugin from 'next-intl/plugin'

const config: NextConfig = {
  transpilePackages: ['@restante/core'],
  // Native code, worker files read by path, or large and of no use to a bundler.
  serverExternalPackages: [
    '@aws-sdk/client-s3',
    '@node-rs/argon2',
    '@simplewebauthn/server',
    '@zone-eu/mailsplit',
    'bullmq',
    'dompurify',
    'html-to-text',
    'imapflow',
    'ioredis',
    'jsdom',
    'kysely',
    'libmime',
    'mailparser',
    'nodemailer',
    'pg',
    'pino',
    'prom-client',
  ],
  experimental: { optimizePackageImports: ['@mantine/core', '@mantine/hooks', '@mantine/charts'] },
  // The workspace's root: core lies beside this folder.
  turbopack: {
    root: resolve(import.meta.dirname, '..'),
    // The directory's snapshot is written where the settings say. Nothing is deployed by traces here.
    ignoreIssue: [{ path: '**/core/**', title: /Dynamic filesystem access/ }],
  },
  outputFileTracingRoot: resolve(import.meta.dirname, '..'),
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  // Outlook writes its paths in capitals, or not.
  async rewrites() {
    return [
      '/Autodiscover/Autodiscover.xml',
      '/autodiscover/Autodiscover.xml',
      '/AutoDiscover/AutoDiscover.xml',
    ].map(source => ({ source, destination: '/autodiscover/autodiscover.xml' }))
  },
  async headers() {
    return [
      {
        source: '/:path*',
        headers: [
          { key: 'X-Content-Type-Options', value: 'nosniff' },
          // Links of a message are not even looked up before somebody presses them.
          { key: 'X-DNS-Prefetch-Control', value: 'off' },
          // Not no-referrer: forms posted without script would then carry `Origin: null` and be refused.
          { key: 'Referrer-Policy', value: 'same-origin' },
          { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
          { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
          { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=()' },
        ],
      },
    ]
  },
}

export default createNextIntlPlugin('./i18n/request.ts')(config)
