package config

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"minichat"
)

// Config is what the server runs with: checked, with every default filled in.
type Config struct {
	Data      string  // folder
	Database  string  // "sqlite:PATH"
	FilesDir  string  // "" when files are in a bucket
	Bucket    *Bucket // nil when files are in a folder
	Listen    string  // host:port
	PublicURL string  // scheme://host[:port], "" when not set
	Origins   []string
	Proxies   Proxies
	CertFile  string // "" unless the certificate is in files
	KeyFile   string
	ACME      *ACME  // nil unless the server fetches its certificate
	Redirect  string // host:port of plain http beside https, "" when there is none
	LabRoom   string // "" when the lab is off
	PingEvery time.Duration
	Drain     time.Duration // over how long a stop says goodbye
	Limits    minichat.Limits
	LimitsBy  map[string]string // name of a limit -> "flag" or "environment"
	LogFormat string            // "text" or "json"
	Debug     string            // host:port for profiles, of this machine alone; "": off
	Volume    string            // the id of the volume for Data; "" when any disk will do

	Backup      *Destination // nil: the server makes no backups by itself
	BackupEvery time.Duration
	BackupKeep  int
}

// TLS reports whether the server speaks https itself.
func (c *Config) TLS() bool { return c.CertFile != "" || c.ACME != nil }

// DatabaseFile is the path of the SQLite database.
func (c *Config) DatabaseFile() string { return strings.TrimPrefix(c.Database, "sqlite:") }

// Base is the address for links to people: the public URL, else localhost.
func (c *Config) Base() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	scheme := "http"
	if c.TLS() {
		scheme = "https"
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		port = c.Listen
	}
	return scheme + "://" + net.JoinHostPort("localhost", port)
}

// Check judges every setting and returns the first fault as a sentence that
// names the setting and says what would do. getenv looks up MINICHAT_LIMIT,
// which adds to --limit instead of being hidden by it, and what is secret and
// therefore no flag.
func (f *Flags) Check(getenv func(string) string) (*Config, error) {
	c := &Config{LabRoom: strings.TrimSpace(f.LabRoom), Limits: minichat.DefaultLimits(), LimitsBy: map[string]string{}}
	checks := []func(*Config) error{
		f.Place.check, f.Address.check, f.Attachments.check, f.Backups.check, f.checkBus, f.checkOrigins, f.checkTLS, f.checkLog, f.checkTimes, f.checkDebug,
		func(c *Config) error { return f.checkProxies(c, getenv("MINICHAT_ORIGIN_VERIFY")) },
		func(c *Config) error { return f.checkLimits(c, getenv("MINICHAT_LIMIT")) },
		func(c *Config) error { return checkVolume(c, getenv("MINICHAT_VOLUME")) },
		f.checkLabRoom,
	}
	for _, check := range checks {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// CheckWith is Check for a command that also works on the files.
func (p Place) CheckWith(a Attachments) (*Config, error) {
	c, err := p.Check(Address{Listen: ":8000"})
	if err != nil {
		return nil, err
	}
	return c, a.check(c)
}

// Check judges what commands beside a server need: where the data is and what
// links begin with.
func (p Place) Check(a Address) (*Config, error) {
	c := &Config{Limits: minichat.DefaultLimits()}
	if err := p.check(c); err != nil {
		return nil, err
	}
	return c, a.check(c)
}

func (p Place) check(c *Config) error {
	if strings.TrimSpace(p.Data) == "" {
		return wrong("data", "it is empty; name a folder, such as ./data")
	}
	c.Data = filepath.Clean(p.Data)
	scheme, path, ok := strings.Cut(p.Database, ":")
	switch {
	case p.Database == "":
		c.Database = "sqlite:" + filepath.Join(c.Data, "minichat.db")
	case ok && scheme == "sqlite" && path != "" && !strings.HasPrefix(path, ":") && !strings.ContainsAny(path, "?\x00"):
		c.Database = "sqlite:" + filepath.Clean(path)
	case scheme == "postgres" || scheme == "postgresql":
		return wrong("database", "PostgreSQL comes in a later version; use sqlite:PATH, or leave it out for sqlite:%s", filepath.Join(c.Data, "minichat.db"))
	default:
		return wrong("database", "%q is no database; use sqlite:PATH", p.Database)
	}
	return nil
}

func (a Address) check(c *Config) error {
	host, port, err := net.SplitHostPort(a.Listen)
	if err != nil && a.Listen != "" && !strings.Contains(a.Listen, ":") {
		if _, portErr := strconv.ParseUint(a.Listen, 10, 16); portErr == nil {
			host, port, err = "", a.Listen, nil // a bare port
		}
	}
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil {
		return wrong("listen", "%q is no address; use :PORT for every address of this machine, or HOST:PORT, such as :8000 or 127.0.0.1:8000", a.Listen)
	}
	c.Listen = net.JoinHostPort(host, strconv.FormatUint(n, 10))
	if a.PublicURL == "" {
		return nil
	}
	c.PublicURL, err = Origin(a.PublicURL)
	if err != nil {
		return wrong("public-url", "%v; use the address that people open, such as https://chat.example.org", err)
	}
	return nil
}

// volumeID is how EC2 writes the id of a volume.
var volumeID = regexp.MustCompile(`^vol-[0-9a-f]{8,17}$`)

func checkVolume(c *Config, id string) error {
	if id != "" && !volumeID.MatchString(id) {
		return fmt.Errorf("MINICHAT_VOLUME: %q is no volume; use its id, such as vol-0123456789abcdef0", id)
	}
	c.Volume = id
	return nil
}

// wrong is a fault in one setting, under both of its names.
func wrong(flag, format string, args ...any) error {
	env := "MINICHAT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
	return fmt.Errorf("--%s (%s): %s", flag, env, fmt.Sprintf(format, args...))
}
