package db

import (
	"context"

	"gorm.io/gorm"
)

// Find reads every row of a query. It is no more than this on purpose: GORM's
// own generics are compiled anew for every type, whole, and one package of
// queries took 23 seconds of a core to compile with them and takes 2.4 without.
func Find[T any](ctx context.Context, g *gorm.DB, sql string, args ...any) (rows []T, err error) {
	err = g.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

// First reads the first row of a query, or returns gorm.ErrRecordNotFound.
func First[T any](ctx context.Context, g *gorm.DB, sql string, args ...any) (row T, err error) {
	rows, err := Find[T](ctx, g, sql, args...)
	if err != nil {
		return row, err
	}
	if len(rows) == 0 {
		return row, gorm.ErrRecordNotFound
	}
	return rows[0], nil
}
