-- +goose Up
-- A file's preview was only a word that there is one; now it is here, as a data: URL.
ALTER TABLE files DROP COLUMN preview;
ALTER TABLE files ADD COLUMN preview TEXT NOT NULL DEFAULT '';
