// Command awsschema stands in for Terraform's AWS provider where that one cannot
// be had: it knows the types of schema.json, so that "terraform validate" refuses
// what is misspelt or mistyped, "terraform test" can mock the rest, and a plan can be
// applied to the state alone. It talks to nobody and creates nothing.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

//go:embed schema.json
var schemaJSON []byte

func main() {
	serve := func() tfprotov5.ProviderServer { return provider{} }
	if err := tf5server.Serve("registry.terraform.io/hashicorp/aws", serve); err != nil {
		log.Fatal(err)
	}
}

// block is one level of a type, as gen.mjs writes it.
type block struct {
	Attributes map[string]attribute `json:"a"`
	Blocks     map[string]nested    `json:"b"`
}

type attribute struct {
	typ   tftypes.Type
	flags string // of c(omputed), o(ptional), r(equired)
}

func (a *attribute) UnmarshalJSON(b []byte) error {
	var typ json.RawMessage
	if err := json.Unmarshal(b, &[]any{&typ, &a.flags}); err != nil {
		return err
	}
	var err error
	a.typ, err = typeOf(typ)
	return err
}

type nested struct {
	nesting  string
	min, max int64
	block    block
}

func (n *nested) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&n.nesting, &n.min, &n.max, &n.block})
}

var plain = map[string]tftypes.Type{
	"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool, "dynamic": tftypes.DynamicPseudoType,
}

// typeOf reads "string" or ["list", "string"].
func typeOf(raw json.RawMessage) (tftypes.Type, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil && plain[name] != nil {
		return plain[name], nil
	}
	var of []string
	if err := json.Unmarshal(raw, &of); err != nil || len(of) != 2 || plain[of[1]] == nil {
		return nil, fmt.Errorf("%s is no type", raw)
	}
	switch element := plain[of[1]]; of[0] {
	case "set":
		return tftypes.Set{ElementType: element}, nil
	case "map":
		return tftypes.Map{ElementType: element}, nil
	case "list":
		return tftypes.List{ElementType: element}, nil
	}
	return nil, fmt.Errorf("%s is no type", raw)
}

// schemas are the types, by their names in Terraform.
type schemas struct{ Provider, Resources, Data map[string]block }

func readSchemas() (s schemas, err error) {
	if err = json.Unmarshal(schemaJSON, &s); err != nil {
		err = fmt.Errorf("read schema.json: %w", err)
	}
	return s, err
}

func find(part func(schemas) map[string]block, typ string) (block, error) {
	s, err := readSchemas()
	if err != nil {
		return block{}, err
	}
	b, ok := part(s)[typ]
	if !ok {
		return block{}, fmt.Errorf("schema.json has no %s", typ)
	}
	return b, nil
}

func (b block) schema() *tfprotov5.Schema { return &tfprotov5.Schema{Block: b.inner()} }

func (b block) inner() *tfprotov5.SchemaBlock {
	s := &tfprotov5.SchemaBlock{}
	for name, a := range b.Attributes {
		s.Attributes = append(s.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: a.typ,
			Computed: strings.Contains(a.flags, "c"), Optional: strings.Contains(a.flags, "o"), Required: strings.Contains(a.flags, "r"),
		})
	}
	for name, n := range b.Blocks {
		of := &tfprotov5.SchemaNestedBlock{TypeName: name, Block: n.block.inner(), MinItems: n.min, MaxItems: n.max}
		switch n.nesting {
		case "single":
			of.Nesting, of.MinItems, of.MaxItems = tfprotov5.SchemaNestedBlockNestingModeSingle, 0, 0
		case "set":
			of.Nesting = tfprotov5.SchemaNestedBlockNestingModeSet
		default:
			of.Nesting = tfprotov5.SchemaNestedBlockNestingModeList
		}
		s.BlockTypes = append(s.BlockTypes, of)
	}
	return s
}

// provider answers what Terraform asks; change.go has what concerns things. All
// other calls, such as import, are about real things, and panic.
type provider struct{ tfprotov5.ProviderServer }

func (provider) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	return &tfprotov5.GetMetadataResponse{ServerCapabilities: &tfprotov5.ServerCapabilities{}}, nil
}

func (provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	all, err := readSchemas()
	if err != nil {
		return nil, err
	}
	schemas := func(from map[string]block) map[string]*tfprotov5.Schema {
		to := map[string]*tfprotov5.Schema{}
		for name, b := range from {
			to[name] = b.schema()
		}
		return to
	}
	return &tfprotov5.GetProviderSchemaResponse{
		Provider: schemas(all.Provider)["aws"], ResourceSchemas: schemas(all.Resources), DataSourceSchemas: schemas(all.Data),
		ServerCapabilities: &tfprotov5.ServerCapabilities{},
	}, nil
}

func (provider) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (provider) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (provider) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (provider) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}
