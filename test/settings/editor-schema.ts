import { z } from 'zod'
import { settingsSchema } from '../../lib/settings/schema.ts'

/** What editors check a `sipfence.json` against, as JSON Schema 2020-12: the settings as people write them. */
export function editorSchema(): unknown {
  return z.toJSONSchema(settingsSchema, { io: 'input' })
}
