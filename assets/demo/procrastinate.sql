-- The database objects of Procrastinate 3.9 (https://procrastinate.readthedocs.io), written anew for the demo and
-- the tests: same names, columns, constraints and behaviour, so that its clients and workers find what they expect.
-- No schema is named: everything lands in the first schema of search_path.

CREATE TYPE procrastinate_job_status AS ENUM
    ('todo', 'doing', 'succeeded', 'failed', 'cancelled', 'aborting', 'aborted');  -- 'aborting': 2.x only

CREATE TYPE procrastinate_job_event_type AS ENUM
    ('deferred', 'started', 'deferred_for_retry', 'failed', 'succeeded', 'cancelled', 'abort_requested', 'aborted',
     'scheduled', 'retried');

CREATE TYPE procrastinate_job_to_defer_v1 AS (
    queue_name varchar, task_name varchar, priority int, lock text, queueing_lock text, args jsonb,
    scheduled_at timestamptz);

CREATE TABLE procrastinate_workers (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    last_heartbeat timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_procrastinate_workers_last_heartbeat ON procrastinate_workers (last_heartbeat);

CREATE TABLE procrastinate_jobs (
    id              bigserial PRIMARY KEY,
    queue_name      varchar(128) NOT NULL,
    task_name       varchar(128) NOT NULL,
    priority        int NOT NULL DEFAULT 0,
    lock            text,
    queueing_lock   text,
    args            jsonb NOT NULL DEFAULT '{}',
    status          procrastinate_job_status NOT NULL DEFAULT 'todo',
    scheduled_at    timestamptz,
    attempts        int NOT NULL DEFAULT 0,
    abort_requested boolean NOT NULL DEFAULT false,
    worker_id       bigint REFERENCES procrastinate_workers ON DELETE SET NULL,
    CONSTRAINT check_not_todo_abort_requested CHECK (NOT (status = 'todo' AND abort_requested = true))
);
-- One waiting job per queueing_lock, one running job per lock.
CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON procrastinate_jobs (queueing_lock) WHERE status = 'todo';
CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON procrastinate_jobs (lock) WHERE status = 'doing';
CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON procrastinate_jobs (queue_name);
CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON procrastinate_jobs (id, lock) WHERE status IN ('todo', 'doing');
CREATE INDEX procrastinate_jobs_priority_idx_v1 ON procrastinate_jobs (priority DESC, id) WHERE status = 'todo';
CREATE INDEX idx_procrastinate_jobs_worker_not_null ON procrastinate_jobs (worker_id)
    WHERE worker_id IS NOT NULL AND status = 'doing';

CREATE TABLE procrastinate_periodic_defers (
    id              bigserial PRIMARY KEY,
    task_name       varchar(128) NOT NULL,
    defer_timestamp bigint,
    job_id          bigint REFERENCES procrastinate_jobs,
    periodic_id     varchar(128) NOT NULL DEFAULT '',
    CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp)
);
CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON procrastinate_periodic_defers (job_id);

CREATE TABLE procrastinate_events (
    id     bigserial PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES procrastinate_jobs ON DELETE CASCADE,
    type   procrastinate_job_event_type,
    at     timestamptz DEFAULT now()
);
CREATE INDEX procrastinate_events_job_id_fkey_v1 ON procrastinate_events (job_id);

---------------------------------------------------------------------------------------------------- putting jobs in

CREATE FUNCTION procrastinate_defer_jobs_v1(jobs procrastinate_job_to_defer_v1[]) RETURNS bigint[] LANGUAGE sql AS $$
    WITH added AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT * FROM unnest(jobs)
        RETURNING id)
    SELECT array_agg(id) FROM added
$$;

-- One job per tick of a schedule: the unique (task, periodic id, tick) row decides who of several workers defers.
CREATE FUNCTION procrastinate_defer_periodic_job_v2(
    _queue_name varchar, _lock varchar, _queueing_lock varchar, _task_name varchar, _priority int,
    _periodic_id varchar, _defer_timestamp bigint, _args jsonb
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    tick bigint;
    made bigint;
BEGIN
    INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
    VALUES (_task_name, _periodic_id, _defer_timestamp)
    ON CONFLICT DO NOTHING RETURNING id INTO tick;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    made := (procrastinate_defer_jobs_v1(ARRAY[
        ROW(_queue_name, _task_name, _priority, _lock, _queueing_lock, _args, NULL)::procrastinate_job_to_defer_v1]))[1];
    UPDATE procrastinate_periodic_defers SET job_id = made WHERE id = tick;
    DELETE FROM procrastinate_periodic_defers WHERE id IN (
        SELECT old.id FROM procrastinate_periodic_defers AS old
        WHERE old.task_name = _task_name AND old.periodic_id = _periodic_id AND old.defer_timestamp < _defer_timestamp
        ORDER BY old.id FOR UPDATE);
    RETURN made;
END $$;

------------------------------------------------------------------------------------------------- what workers call

-- Takes the best due job whose lock is free: no running job holds it and none of its waiting jobs comes first.
CREATE FUNCTION procrastinate_fetch_job_v2(target_queue_names varchar[], p_worker_id bigint)
RETURNS procrastinate_jobs LANGUAGE sql AS $$
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = p_worker_id
    WHERE id = (
        SELECT job.id FROM procrastinate_jobs AS job
        WHERE job.status = 'todo'
          AND coalesce(job.queue_name = ANY (target_queue_names), target_queue_names IS NULL)
          AND coalesce(job.scheduled_at <= now(), true)
          AND (job.lock IS NULL OR NOT EXISTS (
              SELECT FROM procrastinate_jobs AS rival
              WHERE rival.lock = job.lock
                AND (rival.status = 'doing'
                     OR rival.status = 'todo' AND (rival.priority, job.id) > (job.priority, rival.id))))
        ORDER BY job.priority DESC, job.id
        LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
$$;

CREATE FUNCTION procrastinate_finish_job_v1(job_id bigint, end_status procrastinate_job_status, delete_job boolean)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE EXCEPTION 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs WHERE id = job_id AND status IN ('todo', 'doing');
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status, abort_requested = false, attempts = attempts + (status = 'doing')::int
        WHERE id = job_id AND status IN ('todo', 'doing');
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END $$;

-- A running job that was asked to abort does not run again: it fails.
CREATE FUNCTION procrastinate_retry_job_v1(
    job_id bigint, retry_at timestamptz, new_priority int, new_queue_name varchar, new_lock varchar
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE procrastinate_jobs
    SET status = 'todo', attempts = attempts + 1, scheduled_at = retry_at, priority = coalesce(new_priority, priority),
        queue_name = coalesce(new_queue_name, queue_name), lock = coalesce(new_lock, lock)
    WHERE id = job_id AND status = 'doing' AND NOT abort_requested;
    IF NOT FOUND THEN
        UPDATE procrastinate_jobs SET status = 'failed' WHERE id = job_id AND status = 'doing' AND abort_requested;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END $$;

-- The same, and a failed job may be put back too.
CREATE FUNCTION procrastinate_retry_job_v2(
    job_id bigint, retry_at timestamptz, new_priority int, new_queue_name varchar, new_lock varchar
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE procrastinate_jobs
    SET status = 'todo', attempts = attempts + 1, scheduled_at = retry_at, priority = coalesce(new_priority, priority),
        queue_name = coalesce(new_queue_name, queue_name), lock = coalesce(new_lock, lock)
    WHERE id = job_id AND (status = 'failed' OR status = 'doing' AND NOT abort_requested);
    IF NOT FOUND THEN
        UPDATE procrastinate_jobs SET status = 'failed' WHERE id = job_id AND status = 'doing' AND abort_requested;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;
END $$;

-- Answers the job's id, or NULL when there was nothing to cancel (with abort: nor to ask to abort).
CREATE FUNCTION procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs WHERE id = job_id AND status = 'todo';
        IF FOUND THEN
            RETURN job_id;
        END IF;
    END IF;
    IF abort THEN
        UPDATE procrastinate_jobs
        SET abort_requested = true, status = CASE status WHEN 'todo' THEN 'cancelled' ELSE status END
        WHERE id = job_id AND status IN ('todo', 'doing');
    ELSE
        UPDATE procrastinate_jobs SET status = 'cancelled' WHERE id = job_id AND status = 'todo';
    END IF;
    RETURN CASE WHEN FOUND THEN job_id END;
END $$;

CREATE FUNCTION procrastinate_register_worker_v1() RETURNS TABLE (worker_id bigint) LANGUAGE sql AS $$
    INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id
$$;

CREATE FUNCTION procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM procrastinate_workers WHERE id = worker_id;
END $$;

CREATE FUNCTION procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = worker_id;
END $$;

CREATE FUNCTION procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat float)
RETURNS TABLE (worker_id bigint) LANGUAGE sql AS $$
    DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => seconds_since_heartbeat)
    RETURNING id
$$;

----------------------------------------------------------------------------------------------- triggers: notifications

CREATE FUNCTION procrastinate_notify_queue_job_inserted_v1() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    news text := json_build_object('type', 'job_inserted', 'job_id', NEW.id);
BEGIN
    PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, news);
    PERFORM pg_notify('procrastinate_any_queue_v1', news);
    RETURN NEW;
END $$;
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN (NEW.status = 'todo') EXECUTE FUNCTION procrastinate_notify_queue_job_inserted_v1();

CREATE FUNCTION procrastinate_notify_queue_abort_job_v1() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    news text := json_build_object('type', 'abort_job_requested', 'job_id', NEW.id);
BEGIN
    PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, news);
    PERFORM pg_notify('procrastinate_any_queue_v1', news);
    RETURN NEW;
END $$;
CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW WHEN (OLD.abort_requested = false AND NEW.abort_requested = true AND NEW.status = 'doing')
    EXECUTE FUNCTION procrastinate_notify_queue_abort_job_v1();

------------------------------------------------------------------------------------------------- triggers: the events

CREATE FUNCTION procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type) VALUES (NEW.id, 'deferred');
    RETURN NEW;
END $$;
CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN (NEW.status = 'todo') EXECUTE FUNCTION procrastinate_trigger_function_status_events_insert_v1();

CREATE FUNCTION procrastinate_trigger_function_status_events_update_v1() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    happened procrastinate_job_event_type := CASE OLD.status
        WHEN 'todo' THEN CASE
            WHEN NEW.status = 'doing' THEN 'started'
            WHEN NEW.status IN ('cancelled', 'failed', 'succeeded') THEN 'cancelled' END
        WHEN 'doing' THEN CASE
            WHEN NEW.status = 'todo' THEN 'deferred_for_retry'
            WHEN NEW.status IN ('failed', 'succeeded', 'aborted') THEN NEW.status::text END
        WHEN 'failed' THEN CASE
            WHEN NEW.status = 'todo' THEN 'retried' END
        END;
BEGIN
    IF happened IS NOT NULL THEN
        INSERT INTO procrastinate_events (job_id, type) VALUES (NEW.id, happened);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW EXECUTE FUNCTION procrastinate_trigger_function_status_events_update_v1();

-- "at" is the planned time; every update of a waiting, scheduled job writes one more.
CREATE FUNCTION procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type, at) VALUES (NEW.id, 'scheduled', NEW.scheduled_at);
    RETURN NEW;
END $$;
CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON procrastinate_jobs
    FOR EACH ROW WHEN (NEW.scheduled_at IS NOT NULL AND NEW.status = 'todo')
    EXECUTE FUNCTION procrastinate_trigger_function_scheduled_events_v1();

CREATE FUNCTION procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procrastinate_events (job_id, type) VALUES (NEW.id, 'abort_requested');
    RETURN NEW;
END $$;
CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW WHEN (NEW.abort_requested = true)
    EXECUTE FUNCTION procrastinate_trigger_abort_requested_events_procedure_v1();

CREATE FUNCTION procrastinate_unlink_periodic_defers_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE procrastinate_periodic_defers SET job_id = NULL WHERE job_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON procrastinate_jobs
    FOR EACH ROW EXECUTE FUNCTION procrastinate_unlink_periodic_defers_v1();
