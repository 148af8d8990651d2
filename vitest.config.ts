import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const globalSetup = ['infra/testing/setup.ts']

export default defineConfig({
  test: {
    reporters: ['default', './infra/testing/reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{core,relay,worker,infra,webmail}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/.next/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Most tests wait for a database or a socket: two at a time pay even on two processors.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 1 },
          globalSetup,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // After the others: whole gateways and a browser need the machine for themselves.
          sequence: { groupOrder: 2 },
          globalSetup,
        },
      },
    ],
  },
})
