-- +goose Up
-- Beside it, how many bytes are of deleted messages' files, and former faces, that
-- nobody may read any more and that stay for a while: they fill the disk too.
ALTER TABLE file_sums ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
INSERT INTO file_sums (uploader, bytes) SELECT DISTINCT uploader, 0 FROM files WHERE true ON CONFLICT DO NOTHING;
UPDATE file_sums SET deleted = (SELECT COALESCE(SUM(size), 0) FROM files
    WHERE (files.uploader = file_sums.uploader OR file_sums.uploader = '') AND state = 'gone' AND (room <> '' OR avatar = 1));

DROP TRIGGER file_sums_insert;
DROP TRIGGER file_sums_update;
DROP TRIGGER file_sums_delete;
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
        - CASE OLD.state WHEN 'gone' THEN 0 ELSE OLD.size END,
        deleted = deleted
        + CASE WHEN NEW.state = 'gone' AND (NEW.room <> '' OR NEW.avatar = 1) THEN NEW.size ELSE 0 END
        - CASE WHEN OLD.state = 'gone' AND (OLD.room <> '' OR OLD.avatar = 1) THEN OLD.size ELSE 0 END
        WHERE uploader IN (NEW.uploader, '');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER file_sums_delete AFTER DELETE ON files BEGIN
    UPDATE file_sums SET bytes = bytes - CASE OLD.state WHEN 'gone' THEN 0 ELSE OLD.size END,
        deleted = deleted - CASE WHEN OLD.state = 'gone' AND (OLD.room <> '' OR OLD.avatar = 1) THEN OLD.size ELSE 0 END
        WHERE uploader IN (OLD.uploader, '');
END;
-- +goose StatementEnd
