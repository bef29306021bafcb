// Package check holds deploy/terraform against what docs and code promise, and
// runs it with the real Terraform on a stand-in for the AWS provider
// (tools/awsschema). The numbers in the tests' comments are those of the list in
// ../README.md, "What is proven without an account".
package check
