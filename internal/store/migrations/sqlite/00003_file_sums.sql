-- +goose Up
-- How many bytes each person's files hold, and under '' everybody's: a quota is
-- judged inside the writer, where nothing may be counted row by row. Files that
-- nobody may read any more do not count.
CREATE TABLE file_sums (
    uploader TEXT    NOT NULL PRIMARY KEY,
    bytes    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO file_sums (uploader, bytes)
    SELECT uploader, SUM(size) FROM files WHERE state <> 'gone' GROUP BY uploader;
INSERT INTO file_sums (uploader, bytes)
    SELECT '', COALESCE(SUM(size), 0) FROM files WHERE state <> 'gone';

-- +goose StatementBegin
CREATE TRIGGER file_sums_insert AFTER INSERT ON files WHEN NEW.state <> 'gone' BEGIN
    INSERT INTO file_sums (uploader, bytes) VALUES (NEW.uploader, NEW.size), ('', NEW.size)
        ON CONFLICT (uploader) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER file_sums_update AFTER UPDATE OF size, state ON files BEGIN
    UPDATE file_sums SET bytes = bytes
        + CASE NEW.state WHEN 'gone' THEN 0 ELSE NEW.size END
        - CASE OLD.state WHEN 'gone' THEN 0 ELSE OLD.size END
        WHERE uploader IN (NEW.uploader, '');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER file_sums_delete AFTER DELETE ON files WHEN OLD.state <> 'gone' BEGIN
    UPDATE file_sums SET bytes = bytes - OLD.size WHERE uploader IN (OLD.uploader, '');
END;
-- +goose StatementEnd
