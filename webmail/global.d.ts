import type { Messages } from './i18n/catalogue.ts'

declare module 'next-intl' {
  interface AppConfig {
    Locale: 'ca' | 'en' | 'es' | 'it'
    Messages: Messages
  }
}

declare module 'next-auth/jwt' {
  interface JWT {
    personId?: string
    /** The person's session_epoch at sign-in: a raised one ends the session. */
    epoch?: number
  }
}
