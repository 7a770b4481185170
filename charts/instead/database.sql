-- Makes ready, in the database that psql is connected to, what one service needs: a schema, a login that owns it and
-- migrates, and a login that serves and may do what migrations grant it. Doing it again changes the passwords and
-- nothing else. An administrator runs it once for each of needs, funding, outcomes, reporting and portal:
--
--   psql "$ADMIN_URL" -v ON_ERROR_STOP=1 -v service=needs -v owner_password=… -v password=… -f database.sql
\set owner :service '_owner'

SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'service', :'owner']) name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE :"owner" PASSWORD :'owner_password';
ALTER ROLE :"service" PASSWORD :'password';

-- Both find the schema, and after it "extensions", without naming them.
ALTER ROLE :"owner" SET search_path = :"service", extensions;
ALTER ROLE :"service" SET search_path = :"service", extensions;
ALTER ROLE :"owner" SET timezone = 'UTC';
ALTER ROLE :"service" SET timezone = 'UTC';
-- The one that serves gives up waiting before the person at the other end does.
ALTER ROLE :"service" SET statement_timeout = '30s';
ALTER ROLE :"service" SET lock_timeout = '10s';
ALTER ROLE :"service" SET idle_in_transaction_session_timeout = '60s';

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS extensions;
GRANT USAGE ON SCHEMA extensions TO PUBLIC;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA extensions;

-- An administrator who is no superuser must be a member of a role to give it a schema.
SELECT format('GRANT %I TO CURRENT_USER', :'owner') WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) \gexec
CREATE SCHEMA IF NOT EXISTS :"service" AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA :"service" TO :"service";
GRANT CONNECT ON DATABASE :"DBNAME" TO :"service";
-- Reporting builds its figures anew in a schema beside the one that serves.
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE :"DBNAME" TO :"owner";
