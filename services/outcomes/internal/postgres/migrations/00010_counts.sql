-- +goose Up

-- How many say what of one kind of thing of one course in one area, by what each
-- said of it last. It follows from the ratings, by trigger: the serving login may
-- write none of it. Its version counts the ratings, so that whoever is told of it
-- late, or again, knows which is the newer.
CREATE TABLE rating_sum (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    area      text NOT NULL,
    kind      text NOT NULL,
    course_id uuid NOT NULL,
    version   bigint NOT NULL DEFAULT 1,
    at        timestamptz NOT NULL,
    UNIQUE (area, kind, course_id)
);
CREATE TABLE rating_count (
    sum_id                 uuid NOT NULL REFERENCES rating_sum,
    helped                 text NOT NULL,
    course_would_help_more text NOT NULL,
    answers                bigint NOT NULL CHECK (answers >= 0),
    PRIMARY KEY (sum_id, helped, course_would_help_more)
);
GRANT SELECT ON rating_sum, rating_count TO outcomes;

-- +goose StatementBegin
CREATE FUNCTION count_rating() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    counted uuid;
BEGIN
    INSERT INTO rating_sum (area, kind, course_id, at)
        SELECT j.area, NEW.kind, NEW.course_id, NEW.at FROM jobseeker j WHERE j.id = NEW.jobseeker_id
        ON CONFLICT (area, kind, course_id) DO UPDATE SET version = rating_sum.version + 1, at = greatest(rating_sum.at, excluded.at)
        RETURNING id INTO counted;
    UPDATE rating_count c SET answers = c.answers - 1 FROM rating r
        WHERE r.jobseeker_id = NEW.jobseeker_id AND r.about = NEW.about AND r.version = NEW.version - 1
            AND c.sum_id = counted AND c.helped = r.helped AND c.course_would_help_more = r.course_would_help_more;
    INSERT INTO rating_count VALUES (counted, NEW.helped, NEW.course_would_help_more, 1)
        ON CONFLICT (sum_id, helped, course_would_help_more) DO UPDATE SET answers = rating_count.answers + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER count_rating AFTER INSERT ON rating FOR EACH ROW EXECUTE FUNCTION count_rating();

INSERT INTO rating_sum (area, kind, course_id, version, at)
    SELECT j.area, r.kind, r.course_id, count(*), max(r.at) FROM rating r JOIN jobseeker j ON j.id = r.jobseeker_id GROUP BY j.area, r.kind, r.course_id;
INSERT INTO rating_count
    SELECT s.id, r.helped, r.course_would_help_more, count(*)
    FROM (SELECT DISTINCT ON (jobseeker_id, about) * FROM rating ORDER BY jobseeker_id, about, version DESC) r
        JOIN jobseeker j ON j.id = r.jobseeker_id JOIN rating_sum s ON (s.area, s.kind, s.course_id) = (j.area, r.kind, r.course_id)
    GROUP BY s.id, r.helped, r.course_would_help_more;
