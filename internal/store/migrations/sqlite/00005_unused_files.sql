-- +goose Up
-- Whose files are on their way, or in no message yet: they are counted when
-- another begins.
CREATE INDEX files_unused ON files (uploader, expires_at) WHERE expires_at > 0 AND state <> 'gone';
