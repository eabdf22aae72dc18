package dev.afterimage.shop.outbox;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.io.Serializable;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import org.hibernate.type.descriptor.WrapperOptions;
import org.hibernate.usertype.UserType;
import org.jspecify.annotations.Nullable;

/**
 * Binds written JSON to a jsonb column. Bound as {@link Types#OTHER}, so that PostgreSQL takes the column's type, which the
 * outbox extension's own converter does not manage; immutable, so that Hibernate never adds an UPDATE between the INSERT and
 * the DELETE of an outbox row, which the event router would warn about.
 */
@RegisterForReflection
public class JsonbType implements UserType<String> {

    @Override
    public int getSqlType() {
        return Types.OTHER;
    }

    @Override
    public Class<String> returnedClass() {
        return String.class;
    }

    @Override
    public void nullSafeSet(PreparedStatement statement, @Nullable String value, int position, WrapperOptions options)
            throws SQLException {
        if (value == null) {
            statement.setNull(position, Types.OTHER);
        } else {
            statement.setObject(position, value, Types.OTHER);
        }
    }

    @Override
    public @Nullable String nullSafeGet(ResultSet rows, int position, WrapperOptions options) throws SQLException {
        return rows.getString(position);
    }

    @Override
    public @Nullable String deepCopy(@Nullable String value) {
        return value;
    }

    @Override
    public boolean isMutable() {
        return false;
    }

    @Override
    public @Nullable Serializable disassemble(@Nullable String value) {
        return value;
    }
}
