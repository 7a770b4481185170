-- +goose Up

-- What each jobseeker said last, question by question, of each course: the answer as
-- it counts, and the one that is counted. An answer comes into the count together
-- with others, so that nobody is found out by how the count changes. It counts where
-- they were when they first gave one: that somebody moves changes no count.
CREATE TABLE rating_last (
    area         text NOT NULL CHECK (area <> ''),
    course_id    uuid NOT NULL,
    question     text NOT NULL,
    jobseeker_id uuid NOT NULL REFERENCES jobseeker,
    answer       text NOT NULL,
    counted      text NOT NULL DEFAULT '', -- '' for none
    PRIMARY KEY (course_id, question, jobseeker_id),
    CONSTRAINT rating_last_answer CHECK (CASE WHEN question IN ('course-helped', 'instead-helped')
        THEN answer IN ('a-lot', 'a-little', 'pointless') AND counted IN ('', 'a-lot', 'a-little', 'pointless')
        ELSE question = 'course-more' AND answer IN ('yes', 'no', 'not-sure') AND counted IN ('', 'yes', 'no', 'not-sure') END)
);
CREATE INDEX rating_last_waiting ON rating_last (area, course_id, question) WHERE counted <> answer;
CREATE INDEX rating_last_counted ON rating_last (area, course_id, question) WHERE counted <> '';
GRANT SELECT, INSERT, UPDATE (answer, counted) ON rating_last TO outcomes;

-- The counts, as they are told. A row without people is of a question that somebody
-- answered and of which nothing can be told yet.
CREATE TABLE usefulness (
    area        text NOT NULL,
    course_id   uuid NOT NULL,
    question    text NOT NULL CHECK (question IN ('course-helped', 'instead-helped', 'course-more')),
    course_name text NOT NULL CHECK (course_name <> ''),
    people      integer NOT NULL DEFAULT 0 CHECK (people = 0 OR people >= 5),
    a_lot       integer NOT NULL DEFAULT 0 CHECK (a_lot >= 0),
    a_little    integer NOT NULL DEFAULT 0 CHECK (a_little >= 0),
    pointless   integer NOT NULL DEFAULT 0 CHECK (pointless >= 0),
    yes         integer NOT NULL DEFAULT 0 CHECK (yes >= 0),
    no          integer NOT NULL DEFAULT 0 CHECK (no >= 0),
    not_sure    integer NOT NULL DEFAULT 0 CHECK (not_sure >= 0),
    PRIMARY KEY (course_id, question, area),
    CHECK (people = a_lot + a_little + pointless + yes + no + not_sure),
    CONSTRAINT usefulness_not_all_the_same CHECK (people = 0 OR people > greatest(a_lot, a_little, pointless, yes, no, not_sure))
);
CREATE INDEX usefulness_area ON usefulness (area, course_id);
GRANT SELECT, INSERT, UPDATE (course_name, people, a_lot, a_little, pointless, yes, no, not_sure) ON usefulness TO outcomes;

-- What was said so far. It is counted once somebody says something more.
WITH last AS (
    SELECT DISTINCT ON (r.course_id, q.question, r.jobseeker_id) j.area, r.course_id, r.course_name, q.question, r.jobseeker_id, q.answer
    FROM (SELECT DISTINCT ON (jobseeker_id, about) * FROM rating ORDER BY jobseeker_id, about, version DESC) r
    JOIN jobseeker j ON j.id = r.jobseeker_id
    CROSS JOIN LATERAL (VALUES
        (CASE r.kind WHEN 'course' THEN 'course-helped' ELSE 'instead-helped' END, CASE WHEN r.helped IN ('no', 'harder') THEN 'pointless' ELSE r.helped END),
        ('course-more', r.course_would_help_more)) q (question, answer)
    WHERE q.answer <> ''
    ORDER BY r.course_id, q.question, r.jobseeker_id, r.at DESC, r.about
), kept AS (
    INSERT INTO rating_last (area, course_id, question, jobseeker_id, answer)
    SELECT area, course_id, question, jobseeker_id, answer FROM last
)
INSERT INTO usefulness (area, course_id, question, course_name)
SELECT DISTINCT ON (course_id, question, area) area, course_id, question, course_name FROM last ORDER BY course_id, question, area;
