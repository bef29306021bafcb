package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// block is one block of a .tf file, at any depth.
type block struct {
	file   string // such as modules/edge/main.tf
	kind   string // resource, variable, metadata_options …
	labels []string
	attrs  map[string]string // as they are written
	inner  []block
	source string
}

func (b block) String() string {
	return b.file + ": " + strings.Join(append([]string{b.kind}, b.labels...), ".")
}

// is reports whether it is a resource of the type.
func (b block) is(typ string) bool { return b.kind == "resource" && b.labels[0] == typ }

// find gives all blocks of the kind within, at any depth.
func (b block) find(kind string) (all []block) {
	for _, in := range b.inner {
		if in.kind == kind || in.kind == "dynamic" && in.labels[0] == kind {
			all = append(all, in)
		}
		all = append(all, in.find(kind)...)
	}
	return all
}

// configuration is every block at the top of all .tf files.
func configuration(t *testing.T) (all []block) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == ".terraform" {
			return fs.SkipDir
		}
		if filepath.Ext(name) != ".tf" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			return err
		}
		file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
		if diags.HasErrors() {
			return diags
		}
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			all = append(all, blockOf(name, text, b))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func blockOf(file string, text []byte, from *hclsyntax.Block) block {
	b := block{file: file, kind: from.Type, labels: from.Labels, attrs: map[string]string{}, source: string(from.Range().SliceBytes(text))}
	b.source = string(text[from.OpenBraceRange.Start.Byte:from.CloseBraceRange.End.Byte])
	for name, a := range from.Body.Attributes {
		b.attrs[name] = string(a.Expr.Range().SliceBytes(text))
	}
	for _, in := range from.Body.Blocks {
		b.inner = append(b.inner, blockOf(file, text, in))
	}
	return b
}

// only gives the one block that fits.
func only(t *testing.T, what string, all []block, fits func(block) bool) block {
	t.Helper()
	var found []block
	for _, b := range all {
		if fits(b) {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d blocks are %s, want one", len(found), what)
	}
	return found[0]
}

func resource(t *testing.T, all []block, typ string) block {
	t.Helper()
	return only(t, typ, all, func(b block) bool { return b.is(typ) })
}

// want holds attributes of b against what they must be.
func want(t *testing.T, b block, attrs map[string]string) {
	t.Helper()
	for name, value := range attrs {
		if b.attrs[name] != value {
			t.Errorf("%s: %s is %q, want %s", b, name, b.attrs[name], value)
		}
	}
}

// Check 2, the machine and its network.
func TestNobodyComesInButCloudFront(t *testing.T) {
	for _, b := range configuration(t) {
		switch {
		case b.kind != "resource":
		case b.is("aws_vpc_security_group_ingress_rule"):
			if b.attrs["prefix_list_id"] != "data.aws_ec2_managed_prefix_list.cloudfront.id" || b.attrs["cidr_ipv4"]+b.attrs["cidr_ipv6"]+b.attrs["referenced_security_group_id"] != "" {
				t.Errorf("%s lets in others than CloudFront", b)
			}
			want(t, b, map[string]string{"ip_protocol": `"tcp"`, "from_port": "tonumber(each.value)", "to_port": "tonumber(each.value)"})
		case b.is("aws_security_group"):
			if len(b.find("ingress"))+len(b.find("egress")) > 0 || b.attrs["ingress"]+b.attrs["egress"] != "" {
				t.Errorf("%s has rules of its own; write them as aws_vpc_security_group_…_rule, which this test reads", b)
			}
		case b.is("aws_security_group_rule"), b.is("aws_key_pair"), b.is("aws_default_security_group"), b.is("aws_network_acl"):
			t.Errorf("%s has no place here", b)
		case b.is("aws_instance"), b.is("aws_launch_template"):
			if b.attrs["key_name"] != "" {
				t.Errorf("%s has a key for SSH", b)
			}
		}
	}
	text := read(t, "deploy/terraform/stacks/small/wiring.tf") + read(t, "deploy/terraform/modules/network/variables.tf")
	if !strings.Contains(text, "local.own_name ? [80, 443] : [8000]") || !strings.Contains(text, "setsubtract(var.ports_from_cloudfront, [80, 443, 8000])") {
		t.Error("the ports are not those that this test knows: 80 and 443 with a domain, else 8000, and no other")
	}
}

func TestMachine(t *testing.T) {
	all := configuration(t)
	machine := resource(t, all, "aws_instance")
	want(t, machine, map[string]string{"disable_api_termination": "var.protect", "user_data_replace_on_change": "false"})
	want(t, one(t, machine, "metadata_options"), map[string]string{"http_endpoint": `"enabled"`, "http_tokens": `"required"`, "http_put_response_hop_limit": "1", "instance_metadata_tags": `"enabled"`})
	want(t, one(t, machine, "root_block_device"), map[string]string{"encrypted": "true", "volume_type": `"gp3"`})
	want(t, one(t, machine, "maintenance_options"), map[string]string{"auto_recovery": `"default"`})
	if !strings.Contains(machine.source, "ignore_changes = [ami, user_data]") {
		t.Error("a change of settings would stop the machine by surprise")
	}
	if !strings.Contains(machine.source, `? ["standard"] : []`) {
		t.Error("small machines must not send a bill for processor time")
	}
	want(t, resource(t, all, "aws_volume_attachment"), map[string]string{"stop_instance_before_detaching": "true", "force_detach": "false"})
	want(t, resource(t, all, "aws_cloudwatch_log_group"), map[string]string{"retention_in_days": "14"})
}

// Check 2, the history's disk.
func TestDisk(t *testing.T) {
	disk := resource(t, configuration(t), "aws_ebs_volume")
	want(t, disk, map[string]string{"encrypted": "true", "final_snapshot": "true", "type": `"gp3"`, "iops": "3000", "throughput": "125"})
	want(t, one(t, disk, "lifecycle"), map[string]string{"prevent_destroy": "true"})
}

// Check 2, buckets: all are made by one module, and that one closes them.
func TestBuckets(t *testing.T) {
	all := configuration(t)
	made := 0
	for _, b := range all {
		if b.kind == "resource" && strings.HasPrefix(b.labels[0], "aws_s3_bucket") && !strings.HasPrefix(b.file, "modules/bucket/") && !b.is("aws_s3_bucket_cors_configuration") {
			t.Errorf("%s is outside of modules/bucket, where the rules are", b)
		}
		if b.is("aws_s3_bucket_acl") || b.is("aws_s3_bucket_website_configuration") {
			t.Errorf("%s opens a bucket", b)
		}
		if b.kind == "module" && b.attrs["source"] == `"../../modules/bucket"` || b.kind == "module" && b.attrs["source"] == `"../bucket"` {
			made++
		}
	}
	if made != 4 {
		t.Errorf("%d buckets are made, want uploads, backup, artifacts and site", made)
	}
	yes := "true"
	want(t, resource(t, all, "aws_s3_bucket_public_access_block"), map[string]string{
		"block_public_acls": yes, "block_public_policy": yes, "ignore_public_acls": yes, "restrict_public_buckets": yes})
	want(t, one(t, resource(t, all, "aws_s3_bucket_ownership_controls"), "rule"), map[string]string{"object_ownership": `"BucketOwnerEnforced"`})
	want(t, one(t, resource(t, all, "aws_s3_bucket_server_side_encryption_configuration"), "apply_server_side_encryption_by_default"), map[string]string{"sse_algorithm": `"AES256"`})
	want(t, one(t, resource(t, all, "aws_s3_bucket_versioning"), "versioning_configuration"), map[string]string{"status": `"Enabled"`})
	want(t, one(t, resource(t, all, "aws_s3_bucket_lifecycle_configuration"), "abort_incomplete_multipart_upload"), map[string]string{"days_after_initiation": "1"})
	want(t, resource(t, all, "aws_s3_bucket"), map[string]string{"force_destroy": "var.force_destroy"})
	for _, use := range []string{"uploads", "backup", "artifacts"} {
		want(t, only(t, use, all, func(b block) bool { return b.kind == "module" && b.labels[0] == use }), map[string]string{"force_destroy": "var.force_destroy"})
	}
	policy := read(t, "deploy/terraform/modules/bucket/main.tf")
	for _, rule := range []string{`Bool = { "aws:SecureTransport" = "false" }`, `NumericLessThan = { "s3:TlsVersion" = "1.2" }`, `NumericGreaterThan = { "s3:signatureAge" =`, `"AWS:SourceArn" = arn`} {
		if !strings.Contains(policy, rule) {
			t.Errorf("the policy of buckets has no %s", rule)
		}
	}
}

// Check 2, policies: no wildcard but where AWS knows no resource, and no policy
// by a data source, which mocks fill with nonsense.
func TestNoWildcards(t *testing.T) {
	allowed := []string{
		`modules/bucket/main.tf Action    = "s3:*"`, // of statements that deny
		`modules/bucket/main.tf Principal = "*"`,
		`modules/policy/main.tf Resource  = "*"`, // PutMetricData, bounded by its namespace
	}
	for _, b := range configuration(t) {
		if b.kind == "data" && b.labels[0] == "aws_iam_policy_document" {
			t.Errorf("%s: write the policy as jsonencode() in a local", b)
		}
		if b.kind == "resource" && strings.HasPrefix(b.labels[0], "aws_iam_") && (b.attrs["policy"] != "" && b.attrs["policy"] != "module.policy.server") {
			t.Errorf("%s has a policy that is not the one of modules/policy", b)
		}
		if b.is("aws_iam_role_policy_attachment") && !slices.Contains([]string{`"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"`, `"arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"`}, b.attrs["policy_arn"]) {
			t.Errorf("%s gives %s", b, b.attrs["policy_arn"])
		}
		for line := range strings.SplitSeq(b.source, "\n") {
			line = strings.TrimSpace(line)
			for _, key := range []string{"Action", "Resource", "Principal", "NotAction", "NotResource"} {
				name, value, _ := strings.Cut(line, "=")
				wide := strings.Trim(value, " []")
				if strings.TrimSpace(name) == key && (wide == `"*"` || strings.HasSuffix(wide, `:*"`) && !strings.Contains(wide, "local.log_group")) && !slices.Contains(allowed, b.file+" "+line) {
					t.Errorf("%s: %s", b, line)
				}
			}
		}
	}
	for _, deny := range strings.Split(read(t, "deploy/terraform/modules/bucket/main.tf"), "Sid ")[1:] {
		if strings.Contains(deny, `"s3:*"`) && !strings.Contains(deny, `"Deny"`) {
			t.Errorf("a statement with s3:* does not deny:\n%s", deny)
		}
	}
}

// Check 2, variables: each says what it is and refuses what cannot be, with the
// value that would do, and a test shows the refusal.
func TestVariables(t *testing.T) {
	all := configuration(t)
	for _, b := range all {
		if b.kind == "output" && b.attrs["description"] == "" {
			t.Errorf("%s has no description", b)
		}
		if b.kind != "variable" {
			continue
		}
		if len(b.attrs["description"]) < 10 || b.attrs["type"] == "" {
			t.Errorf("%s has no description or type", b)
		}
		rules := b.find("validation")
		if len(rules) == 0 {
			t.Errorf("%s is not validated", b)
		}
		for _, rule := range rules {
			if !strings.Contains(rule.attrs["error_message"], b.labels[0]) {
				t.Errorf("%s: its error does not name it: %s", b, rule.attrs["error_message"])
			}
		}
		stack, isStack := strings.CutPrefix(filepath.Dir(b.file), "stacks/")
		if !isStack {
			continue
		}
		tests := read(t, "deploy/terraform/stacks/"+stack+"/tests/"+stack+".tftest.hcl")
		refused := false
		for _, list := range strings.Split(tests, "expect_failures = [")[1:] {
			list, _, _ = strings.Cut(list, "]")
			for name := range strings.SplitSeq(list, ",") {
				refused = refused || strings.TrimSpace(name) == "var."+b.labels[0]
			}
		}
		if !refused {
			t.Errorf("%s: no run in tests/%s.tftest.hcl expects it to be refused", b, stack)
		}
	}
}

// Each resource has its why.
func TestResourcesAreExplained(t *testing.T) {
	for _, b := range configuration(t) {
		if b.kind != "resource" {
			continue
		}
		lines := strings.Split(read(t, "deploy/terraform/"+b.file), "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, `resource "`+b.labels[0]+`" "`+b.labels[1]+`"`) })
		// One comment may stand before several resources that belong together.
		explained := false
		for i := at - 1; i >= 0 && !explained; i-- {
			explained = strings.HasPrefix(lines[i], "#")
			if strings.HasPrefix(lines[i], "locals") || strings.HasPrefix(lines[i], "module") {
				break
			}
		}
		if !explained {
			t.Errorf("%s: no comment says why it is there", b)
		}
	}
}

// Small and medium are the same modules with other values, and nothing else.
func TestStacksDifferInValuesOnly(t *testing.T) {
	for _, name := range []string{"wiring.tf", "variables.tf", "outputs.tf"} {
		if read(t, "deploy/terraform/stacks/small/"+name) != read(t, "deploy/terraform/stacks/medium/"+name) {
			t.Errorf("%s of small and medium are not the same", name)
		}
	}
	for _, b := range configuration(t) {
		if b.file == "stacks/small/main.tf" || b.file == "stacks/medium/main.tf" {
			if b.kind == "resource" || b.kind == "module" {
				t.Errorf("%s belongs into wiring.tf", b)
			}
		}
	}
}

// The oldest provider that the stacks say they take has no "region" of a resource.
func TestProviderRange(t *testing.T) {
	for _, b := range configuration(t) {
		if b.kind == "resource" && b.attrs["region"] != "" {
			t.Errorf("%s has a region, which providers before 6 do not know", b)
		}
		for _, p := range b.find("required_providers") {
			if aws := p.attrs["aws"]; aws != "" && !strings.Contains(aws, `">= 5.46, < 7"`) {
				t.Errorf("%s takes other versions than the rest: %s", b, aws)
			}
		}
	}
}

func one(t *testing.T, b block, kind string) block {
	t.Helper()
	found := b.find(kind)
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks %s, want one", b, len(found), kind)
	}
	return found[0]
}
