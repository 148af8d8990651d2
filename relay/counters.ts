/** What the relay counts. */
import { counter, gauge, histogram } from '@restante/core/observe/metrics.ts'

export const acceptedMessages = counter(
  'relay_accepted_total',
  'Messages accepted: on stable storage, answered with 250.',
)
export const receivedBytes = counter(
  'relay_accepted_bytes_total',
  'Bytes of accepted messages, trace header included.',
)
export const refusals = counter(
  'relay_refused_total',
  'Refusals of connections, senders, recipients and messages, by reason.',
  ['reason'],
)
export const openConnections = gauge('relay_connections', 'Open SMTP connections.')
export const connectionsTotal = counter(
  'relay_connections_total',
  'SMTP connections so far, also refused ones.',
)
export const heldBytes = gauge('relay_held_bytes', 'Bytes of unfinished messages in memory.')
export const tlsConnections = counter('relay_tls_total', 'Connections that went over to TLS, by version.', [
  'version',
])
export const certificateLoads = counter(
  'relay_certificate_loads_total',
  'Times that certificates were read anew, by outcome.',
  ['outcome'],
)
export const recipientQuestions = counter(
  'relay_recipient_questions_total',
  'Recipients that a backend was asked about, by its answer.',
  ['answer'],
)
export const learnedRecipients = gauge(
  'relay_learned_recipients',
  'Recipients known because their backend said so.',
)
export const timeToReply = histogram(
  'relay_time_to_250_seconds',
  'Time from the end of data to the 250.',
  [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)
export const acceptedSubmissions = counter(
  'submission_accepted_total',
  'Messages accepted from our own people and mail servers.',
)
