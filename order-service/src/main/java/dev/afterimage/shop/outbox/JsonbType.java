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
 * Binds JSON text to a jsonb column. It binds {@link Types#OTHER}, so that PostgreSQL uses the column's type; the
 * outbox extension's own converter cannot do that. It is immutable, so that Hibernate adds no UPDATE between the INSERT
 * and the DELETE of an outbox row; the event router would log a warning for each.
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
