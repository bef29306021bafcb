// Package config turns flags and MINICHAT_* variables into one checked Config.
// Nothing else in MiniChat reads either.
package config

import "time"

// Place says where the data lives; every command that touches it takes it.
type Place struct {
	Data     string `env:"MINICHAT_DATA" default:"./data" placeholder:"DIR" help:"Folder that holds the database and the files (${default})."`
	Database string `env:"MINICHAT_DATABASE" placeholder:"URL" help:"Where the log is kept: sqlite:PATH (sqlite:DIR/minichat.db)."`
}

// Address says how people reach the server; commands that print links take it.
type Address struct {
	Listen    string `env:"MINICHAT_LISTEN" default:":8000" placeholder:"ADDRESS" help:"Address and port to listen on (${default})."`
	PublicURL string `env:"MINICHAT_PUBLIC_URL" placeholder:"URL" help:"The address that people open, such as https://chat.example.org. Links are made from it."`
}

// Attachments says where the bytes of files are kept.
type Attachments struct {
	Files string `env:"MINICHAT_FILES" placeholder:"URL" help:"Where attachments are kept: file:DIR (file:DIR/files below --data), or s3://BUCKET/PREFIX?region=…&endpoint=…&path_style=true."`
}

// Flags are the settings as they were written, not yet checked. The tags are
// read by the command line; Check makes a Config of them.
type Flags struct {
	Place
	Address

	Attachments
	Backups

	Bus            string        `env:"MINICHAT_BUS" default:"memory:" placeholder:"URL" help:"How several servers tell each other of events: memory: for one server (${default})."`
	Origins        []string      `env:"MINICHAT_ORIGINS" placeholder:"URL,..." help:"Other origins whose pages may call this server, such as https://pages.example.org."`
	TrustedProxies []string      `env:"MINICHAT_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Proxies that may say who the visitor is by X-Forwarded-For, such as 127.0.0.1,10.0.0.0/8. No other is believed."`
	TLS            string        `env:"MINICHAT_TLS" default:"off" placeholder:"off|auto|CERT,KEY" help:"Speak https: auto fetches a certificate for the host of --public-url by ACME and renews it; CERT,KEY are two PEM files; or off (${default})."`
	HTTPListen     string        `name:"http-listen" env:"MINICHAT_HTTP_LISTEN" placeholder:"ADDRESS|off" help:"Plain http beside https, which only sends people on to https and answers ACME (:80 with --tls auto, else off)."`
	ACMEDirectory  string        `name:"acme-directory" env:"MINICHAT_ACME_DIRECTORY" placeholder:"URL" help:"ACME server for --tls auto (Let's Encrypt, whose terms of service you accept by using it)."`
	ACMECA         string        `name:"acme-ca" env:"MINICHAT_ACME_CA" placeholder:"FILE" help:"PEM file with the CA that vouches for the ACME server, if the machine does not know it."`
	PingEvery      time.Duration `env:"MINICHAT_PING_EVERY" default:"25s" placeholder:"TIME" help:"How often silent connections are pinged, so that no proxy takes them for dead: 1s to 30s (${default})."`
	Drain          time.Duration `env:"MINICHAT_DRAIN" default:"10s" placeholder:"TIME" help:"Over how long a stop says goodbye to many people: 1s to 20s (${default})."`
	LabRoom        string        `env:"MINICHAT_LAB_ROOM" placeholder:"NAME" help:"Open this one channel to the classroom protocol, without sign-in."`
	Limit          []string      `placeholder:"NAME=VALUE" help:"Change one limit; may be given again; 0 means none. In the environment: MINICHAT_LIMIT=a=1,b=2."`
	DebugListen    string        `env:"MINICHAT_DEBUG_LISTEN" placeholder:"ADDRESS" help:"Show Go's profiles at this address of the machine itself, such as 127.0.0.1:6060 (off)."`
	LogFormat      string        `env:"MINICHAT_LOG_FORMAT" default:"text" placeholder:"text|json" help:"How the log is written (${default})."`
}
