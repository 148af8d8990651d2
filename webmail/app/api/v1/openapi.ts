/** The OpenAPI 3.1 document of /api/v1. Its schemas are the ones that requests are checked by. */
import { z } from 'zod'
import {
  acknowledgement,
  backendOverride,
  deliveryQuery,
  deliveryRequest,
  demoAction,
  domainChanges,
  domainScanChanges,
  liftSuppression,
  listEntry,
  listQuery,
  newChannel,
  newPeriod,
  periodQuery,
  quarantineAction,
  quarantineQuery,
  seenSending,
  tellingPolicy,
} from './schemas.ts'

type Schema = Record<string, unknown>

const input = (schema: z.ZodType): Schema => {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
  return rest
}
const body = (schema: z.ZodType) => ({
  requestBody: { required: true, content: { 'application/json': { schema: input(schema) } } },
})
const query = (schema: z.ZodObject) => {
  const { properties = {} } = input(schema) as { properties?: Record<string, Schema> }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
}
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }
const domain = { name: 'domain', in: 'path', required: true, schema: { type: 'string', maxLength: 253 } }
const problems = {
  default: {
    description: 'Problem details (RFC 9457)',
    content: {
      'application/problem+json': {
        schema: {
          type: 'object',
          required: ['type', 'title', 'status'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            errors: {
              type: 'array',
              items: {
                type: 'object',
                properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  },
}
const answers = (description: string, type = 'application/json') => ({
  responses: { 200: { description, content: { [type]: {} } }, ...problems },
})

export function document(): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Restante admin API',
      version: '1',
      description:
        "For admins (their own organization) and operators (all). Others get 404. Changes need the page's own origin.",
    },
    servers: [{ url: '/api/v1' }],
    paths: {
      '/status': {
        get: { summary: 'Everything at once', ...answers('Backends, outbound, totals, incidents') },
      },
      '/backends': { get: { summary: 'All backends', ...answers('Health, depth, rates, forecast of each') } },
      '/backends/{id}': {
        parameters: [id],
        get: { summary: 'One backend', ...answers('With incidents and whom an override touches') },
      },
      '/backends/{id}/override': {
        parameters: [id],
        post: {
          summary: 'Call a backend up or down, or take that back',
          ...body(backendOverride),
          ...answers('The health that counts now'),
        },
      },
      '/periods': {
        get: {
          summary: 'Maintenance windows, drills, and overrides for a domain or people',
          parameters: query(periodQuery),
          ...answers('To come, open, and of the last ninety days'),
        },
        post: { summary: 'Plan or begin one', ...body(newPeriod), ...answers('It, with its next time') },
      },
      '/periods/{id}': {
        parameters: [id],
        get: { summary: 'One of them', ...answers('With the report of a drill') },
        delete: { summary: 'End it for good', ...answers('It, as it is now') },
      },
      '/readiness': {
        get: {
          summary: 'Would people get on in an outage?',
          ...answers('People, DNS, certificate, disk, snapshot, drills: a level and facts each'),
        },
      },
      '/incidents': {
        get: { summary: 'The latest incidents', ...answers('With what changed while they lasted') },
      },
      '/incidents/{id}': {
        parameters: [id],
        get: {
          summary: 'What became of the mail',
          ...answers(
            'Figures of the closing statement, of all and of each mailbox; how far bringing back has come',
          ),
        },
      },
      '/deliveries': {
        get: {
          summary: 'Deliveries, filtered and sorted, a page at a time',
          parameters: query(deliveryQuery),
          ...answers('Items, the next cursor, and with the first page the count'),
        },
      },
      '/deliveries/{id}': {
        parameters: [id],
        get: { summary: "One delivery's whole story", ...answers('Recipients, attempts, message') },
      },
      '/deliveries/actions': {
        post: {
          summary: 'Retry, hold, release, cancel or reroute by ids or filter',
          ...body(deliveryRequest),
          ...answers('How many were meant and changed'),
        },
      },
      '/lists': {
        get: {
          summary: 'Entries of the allow and block lists, of organizations and mailboxes',
          parameters: query(listQuery),
          ...answers('Items'),
        },
        post: { summary: 'Add an entry', ...body(listEntry), ...answers('The entry') },
      },
      '/lists/{id}': {
        parameters: [id],
        delete: { summary: 'Take an entry away', ...answers('What it was') },
      },
      '/domains': {
        get: {
          summary: 'All domains',
          ...answers('How recipients are known, what the mail server is told of clients'),
        },
      },
      '/domains/{domain}': {
        parameters: [domain],
        get: { summary: 'One domain', ...answers('Its settings') },
        patch: { summary: 'Change some of them', ...body(domainChanges), ...answers('Its settings') },
      },
      '/domains/{domain}/scan': {
        parameters: [domain],
        get: {
          summary: 'What a domain wants of the scan',
          ...answers('The policy, and which of it is its own'),
        },
        patch: {
          summary: 'Change some of it',
          ...body(domainScanChanges),
          ...answers('The policy, and which of it is its own'),
        },
      },
      '/quarantine': {
        get: {
          summary: 'What the scan holds, filtered, newest first, a page at a time',
          parameters: query(quarantineQuery),
          ...answers('Items with what was found, the next cursor, and with the first page the count'),
        },
      },
      '/quarantine/{id}': {
        parameters: [id],
        get: { summary: 'One message that the scan holds', ...answers('With what each step found') },
      },
      '/quarantine/{id}/message': {
        parameters: [id],
        get: {
          summary: 'The message itself, to be saved; audited',
          ...answers('RFC 5322', 'application/octet-stream'),
        },
      },
      '/quarantine/actions': {
        post: {
          summary: 'Release or delete by ids or filter, or allow the senders of named ones',
          ...body(quarantineAction),
          ...answers('How many were meant and changed'),
        },
      },
      '/outgoing': {
        get: {
          summary: 'What goes out and waits, by destination and age, by reason and by sender',
          ...answers('Ages in minutes as columns, with the places that take no mail'),
        },
      },
      '/suppressed': {
        get: {
          summary: 'Addresses outside that are not written to for a while',
          ...answers('With the failures that brought them there'),
        },
        post: { summary: 'Allow them again', ...body(liftSuppression), ...answers('Those that were there') },
      },
      '/unusual-sending': {
        get: {
          summary: 'People who were stopped from sending too much',
          ...answers('Until one has seen it'),
        },
        post: { summary: 'Seen', ...body(seenSending), ...answers('How many were new') },
      },
      '/channels': {
        get: {
          summary: 'Where admins are told',
          ...answers('With what was last sent there, and how it went'),
        },
        post: {
          summary: 'Add a channel',
          ...body(newChannel),
          ...answers('It; of a webhook, with the secret of its signatures, this once'),
        },
      },
      '/channels/{id}': {
        parameters: [id],
        delete: { summary: 'Tell nobody there any more', ...answers('What it was') },
      },
      '/channels/{id}/test': {
        parameters: [id],
        post: { summary: 'Send a trial message', ...answers('How it went') },
      },
      '/telling': {
        get: { summary: 'What there was to tell', ...answers('Threads, open ones first; the policy') },
        patch: {
          summary: 'How often, to whom, the public status page',
          ...body(tellingPolicy),
          ...answers('The policy'),
        },
      },
      '/telling/acknowledge': {
        post: {
          summary: 'Somebody knows of it: not repeated, not escalated',
          ...body(acknowledgement),
          ...answers('Which'),
        },
      },
      '/events': {
        get: { summary: 'The live picture', ...answers('Events named picture', 'text/event-stream') },
      },
      '/demo/backend': {
        get: {
          summary: 'The example mail server of the demo',
          ...answers('Whether it runs, what it received'),
        },
        post: { summary: 'Start or stop it', ...body(demoAction), ...answers('How it is now') },
      },
    },
  }
}
