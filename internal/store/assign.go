package store

import (
	"database/sql"
	"database/sql/driver"
	"fmt"

	"minichat"
)

// assign puts a value of a row where it belongs.
func assign(dest any, value driver.Value) error {
	if d, ok := dest.(sql.Scanner); ok {
		return d.Scan(value)
	}
	switch v := value.(type) {
	case string:
		switch d := dest.(type) {
		case *string:
			*d = v
			return nil
		case *minichat.Role:
			*d = minichat.Role(v)
			return nil
		case *minichat.Kind:
			*d = minichat.Kind(v)
			return nil
		}
	case int64:
		switch d := dest.(type) {
		case *int64:
			*d = v
			return nil
		case *int:
			*d = int(v)
			return nil
		case *bool:
			*d = v != 0
			return nil
		}
	case []byte:
		if d, ok := dest.(*[]byte); ok {
			*d = v
			return nil
		}
	case nil:
		if d, ok := dest.(*[]byte); ok {
			*d = nil
			return nil
		}
	}
	return fmt.Errorf("a %T of the database does not go into a %T", value, dest)
}
