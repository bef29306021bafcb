-- +goose Up
-- Whom the command line made without a password was not yet called a bot.
UPDATE users SET bot = 1 WHERE id <> 'lab' AND id NOT IN (SELECT user_id FROM passwords);
