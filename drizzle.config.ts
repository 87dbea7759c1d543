import { defineConfig } from 'drizzle-kit';

/** Development only: `npx drizzle-kit generate --name what_changes` writes the next migration from the schema. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/db/schema.ts',
  out: './src/db/migrations',
});
