package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Plan, apply and destroy run on what Terraform itself remembers: a thing exists
// as soon as it stands in the state. So the order of things, what is known when,
// and protection against destruction are tried, and nothing of AWS is.

func (provider) UpgradeResourceState(_ context.Context, r *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	b, err := find(func(s schemas) map[string]block { return s.Resources }, r.TypeName)
	if err != nil {
		return nil, err
	}
	typ := b.schema().ValueType()
	v, err := r.RawState.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(typ, v)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

func (provider) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: r.CurrentState, Private: r.Private}, nil
}

// PlanResourceChange leaves open what only AWS would know.
func (provider) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	planned, err := resource(r.TypeName, r.ProposedNewState, func(_ string, a attribute, v tftypes.Value, _ fields) tftypes.Value {
		if v.IsNull() && strings.Contains(a.flags, "c") {
			return tftypes.NewValue(a.typ, tftypes.UnknownValue)
		}
		return v
	})
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: planned, PlannedPrivate: r.PriorPrivate}, err
}

// ApplyResourceChange makes up what was left open.
func (provider) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	state, err := resource(r.TypeName, r.PlannedState, func(name string, a attribute, v tftypes.Value, of fields) tftypes.Value {
		if v.IsKnown() {
			return v
		}
		return made(r.TypeName, name, a.typ, of)
	})
	return &tfprotov5.ApplyResourceChangeResponse{NewState: state, Private: r.PlannedPrivate}, err
}

func (provider) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	b, err := find(func(s schemas) map[string]block { return s.Data }, r.TypeName)
	if err != nil {
		return nil, err
	}
	state, err := b.change(r.Config, func(name string, a attribute, v tftypes.Value, of fields) tftypes.Value {
		if v.IsNull() && strings.Contains(a.flags, "c") {
			return made(r.TypeName, name, a.typ, of)
		}
		return v
	})
	return &tfprotov5.ReadDataSourceResponse{State: state}, err
}

type fields map[string]tftypes.Value

// change is told of each attribute, also of the blocks within, and of the fields
// beside it.
type change func(name string, a attribute, v tftypes.Value, of fields) tftypes.Value

func resource(typ string, from *tfprotov5.DynamicValue, f change) (*tfprotov5.DynamicValue, error) {
	b, err := find(func(s schemas) map[string]block { return s.Resources }, typ)
	if err != nil {
		return nil, err
	}
	return b.change(from, f)
}

func (b block) change(from *tfprotov5.DynamicValue, f change) (*tfprotov5.DynamicValue, error) {
	typ := b.schema().ValueType()
	v, err := from.Unmarshal(typ)
	if err == nil {
		v, err = b.each(v, f)
	}
	if err != nil {
		return nil, err
	}
	to, err := tfprotov5.NewDynamicValue(typ, v)
	return &to, err
}

func (b block) each(v tftypes.Value, f change) (tftypes.Value, error) {
	if v.IsNull() || !v.IsKnown() {
		return v, nil
	}
	var of map[string]tftypes.Value
	if err := v.As(&of); err != nil {
		return v, err
	}
	for name, a := range b.Attributes {
		of[name] = f(name, a, of[name], of)
	}
	for name, n := range b.Blocks {
		inner, err := n.each(of[name], f)
		if err != nil {
			return v, err
		}
		of[name] = inner
	}
	return tftypes.NewValue(v.Type(), of), nil
}

func (n nested) each(v tftypes.Value, f change) (tftypes.Value, error) {
	if n.nesting == "single" {
		return n.block.each(v, f)
	}
	if v.IsNull() || !v.IsKnown() {
		return v, nil
	}
	var all []tftypes.Value
	if err := v.As(&all); err != nil {
		return v, err
	}
	for i := range all {
		var err error
		if all[i], err = n.block.each(all[i], f); err != nil {
			return v, err
		}
	}
	return tftypes.NewValue(v.Type(), all), nil
}

// Values that look like AWS's where a look is checked.
var looks = map[string]string{
	"aws_instance.id": "i-0123456789abcdef0", "aws_subnet.id": "subnet-0123456789abcdef0", "aws_eip.allocation_id": "eipalloc-0123456789abcdef0",
	"aws_ebs_volume.id": "vol-0123456789abcdef0", "aws_eip.public_ip": "192.0.2.10", "aws_eip.public_dns": "ec2-192-0-2-10.compute.amazonaws.example",
	"aws_cloudfront_distribution.domain_name": "d111111abcdef8.cloudfront.net", "aws_caller_identity.account_id": "123456789012",
	"aws_ssm_parameter.value": "ami-0123456789abcdef0", "aws_route53_record.fqdn": "record.example.org", "aws_ec2_managed_prefix_list.id": "pl-0123456789abcdef0",
}

// ofBucket is what S3 makes of a bucket's name.
var ofBucket = map[string]string{"id": "%s", "arn": "arn:aws:s3:::%s", "bucket_regional_domain_name": "%s.s3.eu-west-1.amazonaws.com"}

func made(typ, name string, as tftypes.Type, of fields) tftypes.Value {
	text := looks[typ+"."+name]
	var bucket string
	switch {
	case typ == "aws_s3_bucket" && ofBucket[name] != "" && of["bucket"].As(&bucket) == nil:
		text = fmt.Sprintf(ofBucket[name], bucket)
	case text == "" && name == "arn":
		text = "arn:aws:example:::" + typ
	case text == "":
		text = fmt.Sprintf("%s-of-%s", name, typ)
	}
	switch {
	case as.Is(tftypes.String):
		return tftypes.NewValue(as, text)
	case as.Is(tftypes.Number):
		return tftypes.NewValue(as, 1)
	case as.Is(tftypes.Bool):
		return tftypes.NewValue(as, false)
	case as.Is(tftypes.Map{}):
		return tftypes.NewValue(as, map[string]tftypes.Value{})
	case name == "domain_validation_options":
		proof := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"resource_record_name": tftypes.String, "resource_record_type": tftypes.String, "resource_record_value": tftypes.String}}
		parts := map[string]tftypes.Value{}
		for part := range proof.AttributeTypes {
			parts[part] = tftypes.NewValue(tftypes.String, part)
		}
		return tftypes.NewValue(tftypes.Tuple{ElementTypes: []tftypes.Type{proof}}, []tftypes.Value{tftypes.NewValue(proof, parts)})
	case as.Is(tftypes.DynamicPseudoType):
		return tftypes.NewValue(tftypes.String, text)
	}
	return tftypes.NewValue(as, []tftypes.Value{})
}
