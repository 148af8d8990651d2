/** `restante doctor --readiness`: would it work if the mail servers went away now, and what to do about it. */
import type { Settings } from '@restante/core/config/settings.ts'
import { type Item, readReadiness } from '@restante/core/continuity/readiness.ts'
import { worldOf } from '@restante/core/continuity/readiness-world.ts'
import { connect } from '@restante/core/db/connection.ts'
import { migrate } from '@restante/core/db/migrate.ts'
import { everything } from '@restante/core/queue/scope.ts'
import { attach } from '../services/attach.ts'
import type { Check } from './doctor-check.ts'
import { bytes, duration } from './time.ts'

export async function readinessChecks(settings: Settings): Promise<Check[]> {
  const services = await attach(settings)
  const db = connect(services.databaseUrl, { max: 2, name: 'restante-doctor' })
  try {
    await migrate(db)
    const items = await readReadiness(db, everything, worldOf(settings), new Date())
    return items.map(checkOf)
  } finally {
    await db.destroy()
    await services.close()
  }
}

function checkOf(item: Item): Check {
  const { detail, advice } = wordsOf(item)
  return { name: item.name, level: item.level, detail, ...(item.level !== 'ok' && { advice }) }
}

function wordsOf(item: Item): { detail: string; advice: string } {
  switch (item.name) {
    case 'people':
      return {
        detail: `${item.ready} of ${item.people} people could sign in now; ${item.neverCame} of them have never been here`,
        advice: `Prepare a way in for ${item.without.join(', ')}: a password, or restante person codes ADDRESS (docs/sign-in.md)`,
      }
    case 'contacts':
      return item.confirmed === null
        ? {
            detail: 'no second contacts are kept',
            advice: 'Tell people yourself how to get here: https address and their password.',
          }
        : {
            detail: `${item.confirmed} of ${item.people} people have confirmed a second contact`,
            advice: 'Ask the others to confirm one: it is how they hear of an outage.',
          }
    case 'access':
      return {
        detail:
          item.bad.length > 0
            ? `${item.given} people have given their own mailbox's credentials; not good: ${item.bad.join(', ')}`
            : `${item.given} people have given their own mailbox's credentials, all of them good`,
        advice: 'Ask them to give them again, in the webmail under Your own server; restante person access',
      }
    case 'dns':
      return {
        detail:
          item.elsewhere.length > 0
            ? `the MX of ${item.elsewhere.join(', ')} does not lead here`
            : item.unanswered.length > 0
              ? `DNS does not answer for ${item.unanswered.join(', ')}`
              : `the MX of ${item.domains} domains leads here`,
        advice: 'restante domain check DOMAIN says what to change.',
      }
    case 'certificate':
      return {
        detail:
          item.daysLeft === null
            ? 'there is none yet'
            : `${item.selfSigned ? 'self-signed, ' : ''}${item.daysLeft} days left`,
        advice: item.selfSigned
          ? 'Browsers warn of it, just when people are in a hurry: set TLS_CERT and TLS_KEY.'
          : 'Renew it before it runs out.',
      }
    case 'disk':
      return {
        detail:
          item.hours === null
            ? `${bytes(item.freeBytes)} free; no mail came in the last 24 hours to reckon with`
            : `${bytes(item.freeBytes)} free: ${duration(item.hours * 3_600_000)} of outage at the last day's rate`,
        advice: 'Make room, or move the data folder to a larger disk.',
      }
    case 'snapshot':
      return {
        detail:
          item.ageSeconds === null
            ? 'the relay does not tell how old its directory is'
            : `the relay's directory was confirmed ${duration(item.ageSeconds * 1_000)} ago`,
        advice: 'Is the relay running, and PostgreSQL reachable for it? restante doctor tells.',
      }
    case 'drill':
      return {
        detail:
          item.daysAgo === null
            ? 'there has been no drill yet'
            : `the last drill was ${item.daysAgo} days ago`,
        advice: 'restante drill start --domain DOMAIN --for 1h: mail is delivered all the while.',
      }
    default:
      return item satisfies never
  }
}
