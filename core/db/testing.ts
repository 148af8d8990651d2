/**
 * A database of its own for a test file, on the real PostgreSQL that the test command starts
 * (TEST_DATABASE_URL). Dropped again by `close`.
 */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { connect, type Db } from './connection.ts'
import { migrate } from './migrate.ts'

export type TestDatabase = { db: Db; url: string; close(): Promise<void> }

export async function testDatabase(): Promise<TestDatabase> {
  const base = process.env.TEST_DATABASE_URL
  if (!base) throw new Error('TEST_DATABASE_URL is unset: run the tests with npm test')
  const name = `t_${randomBytes(6).toString('hex')}`
  await admin(base, `create database ${name}`)
  const url = new URL(base)
  url.pathname = `/${name}`
  const db = connect(url.href, { max: 5 })
  await migrate(db)
  return {
    db,
    url: url.href,
    async close() {
      await db.destroy()
      await admin(base, `drop database ${name} with (force)`)
    },
  }
}

async function admin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
