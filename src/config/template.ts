/** What `config init` writes: it passes `config check` as it stands, and works on the demo backend. */
export const configTemplate = `# Configuration of jobctl. It is found from any folder below this one.
# All keys: jobctl config schema      Check it: jobctl config check
version: 1

# The context that is used when neither --context nor JOBCTL_CONTEXT names one.
default: local

contexts:
  local:
    # One of: postgres://…  redis://…  rediss://…  sqs://REGION[/PREFIX]  memory:
    url: "memory:"

  # production:
  #   # Secrets are named, never written: \${NAME} is an environment variable, needed only while this context is used.
  #   url: postgres://jobctl:\${JOBS_PASSWORD}@jobs-db.internal:5432/jobs
  #   schema: public          # only when the tables are in several schemas
  #   protected: true         # every write asks for the name of the queue
  #   reset:
  #     staleAfter: 2m        # a worker whose heartbeat is older counts as gone
  #   redact:
  #     fields: [iban, taxNumber]

  # production-replica:
  #   url: \${JOBS_REPLICA_URL}
  #   readOnly: true          # nothing can be written through it

# Hidden wherever a payload is shown, besides passwords, tokens and the like.
redact:
  fields: []
  # paths: [customer.address, items.*.note]
  # email: true

# Where runs are kept, and how long finished ones are, with their backups: for ever, unless this is said.
# backups:
#   retention: 30d
#   folder: /var/lib/jobctl
`;
