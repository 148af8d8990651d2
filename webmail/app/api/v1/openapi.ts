/** The OpenAPI 3.1 document of /api/v1. Its schemas are the ones that requests are checked by. */
import { z } from 'zod'
import { backendOverride, deliveryAction, deliveryQuery, demoAction } from './schemas.ts'

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
      '/incidents': {
        get: { summary: 'The latest incidents', ...answers('With what changed while they lasted') },
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
          summary: 'Retry, hold, release or cancel by ids or filter',
          ...body(deliveryAction),
          ...answers('How many were meant and changed'),
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
