import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { editorSchema } from './editor-schema.ts'

/** `npm run schema`: writes sipfence.schema.json anew. */
writeFileSync(join(import.meta.dirname, '../../sipfence.schema.json'), JSON.stringify(editorSchema()))
