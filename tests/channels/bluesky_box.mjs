// The real Bluesky network, as the packages of its makers run it: directory (PLC), data server (PDS), app view.
// Read from standard input by bluesky_box.py; it listens on every interface, so it is started in a network of its own.
import { TestNetwork } from '@atproto/dev-env'

const port = Number(process.env.BOX_PORT)
const network = await TestNetwork.create({
  plc: { port: port + 2 },
  pds: { port, hostname: 'localhost', enableDidDocWithSession: true, rateLimitsEnabled: true },
  bsky: { port: port + 1, dbPostgresSchema: 'bsky', publicUrl: `http://localhost:${port + 1}` },
})
console.log('box is ready')
process.on('SIGTERM', () => network.close().finally(() => process.exit(0)))
