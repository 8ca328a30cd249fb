#!/usr/bin/env node
import { main } from '../lib/commands/main.ts'

// The AWS SDK that is pinned here runs on Node 20; that a later one will not is news for us, not for people.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
process.exitCode = await main(process.argv)
