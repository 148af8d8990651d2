import type { Messages } from './i18n/catalogue.ts'

declare module 'next-intl' {
  interface AppConfig {
    Locale: 'ca' | 'en' | 'es' | 'it'
    Messages: Messages
  }
}

declare module 'next-auth/jwt' {
  interface JWT {
    /** The session's row: with it the session ends. */
    session?: string
  }
}
