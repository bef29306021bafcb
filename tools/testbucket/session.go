package testbucket

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	roleName    = "minichat"
	roleAccount = "000000000000" // the IAM service has this one alone
)

// StartWithRole runs a server and the role of a machine that has the rights of a
// policy. Its keys are a session's, as on EC2: worth nothing without their token,
// which the server checks. Rotate ends the session before.
func StartWithRole(t testing.TB, policy string) (*Server, *Role) {
	t.Helper()
	s, users := StartWithUsers(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + roleAccount + `:root"},"Action":"sts:AssumeRole"}]}`
	var made struct {
		Role struct {
			RoleID string `xml:"RoleId"`
			Arn    string
		} `xml:"CreateRoleResult>Role"`
	}
	users.call(&made, "Action", "CreateRole", "RoleName", roleName, "AssumeRolePolicyDocument", trust)
	users.call(nil, "Action", "PutRolePolicy", "RoleName", roleName, "PolicyName", "rights", "PolicyDocument", policy)
	return s, s.startRole(t, func(r *Role) keys {
		k := keys{access: fmt.Sprintf("ASIAROLE%012d", r.count), secret: fmt.Sprint("secret of keys ", r.count), token: fmt.Sprint("token+of/keys=", r.count)}
		now := time.Now().UTC()
		s.plant(map[string]any{k.access: map[string]any{
			"accessKeyId": k.access, "secretAccessKey": k.secret, "sessionToken": k.token,
			"roleArn": made.Role.Arn, "roleName": roleName, "roleId": made.Role.RoleID, "roleSessionName": "machine",
			"createDate": now, "expiration": now.Add(time.Hour),
		}})
		return k
	})
}

// plant makes these the only sessions that the IAM service knows: its own way to
// begin one asks an identity provider of the internet. The service writes to the
// same file when a role is used, so it is looked whether the change has stayed.
func (s *Server) plant(sessions map[string]any) {
	s.t.Helper()
	file := filepath.Join(s.dir, "iam", "iam.json")
	want, err := json.Marshal(sessions)
	for stayed := 0; err == nil && stayed < 3; time.Sleep(10 * time.Millisecond) {
		var all map[string]json.RawMessage
		var b []byte
		if b, err = os.ReadFile(file); err != nil {
			break
		}
		if err = json.Unmarshal(b, &all); err != nil {
			break
		}
		if sameKeys(all["sessions"], sessions) {
			stayed++
			continue
		}
		stayed = 0
		all["sessions"] = want
		if b, err = json.Marshal(all); err != nil {
			break
		}
		if err = os.WriteFile(file+".new", b, 0o600); err == nil {
			err = os.Rename(file+".new", file)
		}
	}
	if err != nil {
		s.t.Fatalf("give the IAM service a session: %v", err)
	}
}

func sameKeys(have json.RawMessage, want map[string]any) bool {
	var got map[string]json.RawMessage
	if json.Unmarshal(have, &got) != nil || len(got) != len(want) {
		return false
	}
	for k := range want {
		if _, ok := got[k]; !ok {
			return false
		}
	}
	return true
}
