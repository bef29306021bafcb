// Package minichat holds the nouns of a group chat, their limits, and who may
// do what with them. It does no I/O and imports nothing of the project.
package minichat
